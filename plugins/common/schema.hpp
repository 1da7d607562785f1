// Ports and parameters of a task, written in a line or two each.
#pragma once

#include "mirra/mirra_plugin.h"

#include <cstdint>

namespace plugin {

inline mirra_port_info port(std::int32_t direction, std::int32_t type, std::uint32_t flags, const char *name,
                            const char *label, const char *doc) noexcept {
    mirra_port_info info{};
    info.struct_size = sizeof(mirra_port_info);
    info.direction = direction;
    info.type = type;
    info.flags = flags;
    info.name = name;
    info.label = label;
    info.doc = doc;
    return info;
}

inline mirra_param_info parameter(std::int32_t type, const char *name, const char *label,
                                  const char *doc) noexcept {
    mirra_param_info info{};
    info.struct_size = sizeof(mirra_param_info);
    info.type = type;
    info.since = 1;
    info.name = name;
    info.label = label;
    info.doc = doc;
    return info;
}

inline mirra_param_info text(const char *name, const char *label, const char *doc,
                             const char *standard) noexcept {
    mirra_param_info info = parameter(MIRRA_TYPE_STRING, name, label, doc);
    info.default_text = standard;
    return info;
}

struct Range {
    double minimum, maximum, soft_maximum, standard;
};

inline mirra_param_info number(std::int32_t type, const char *name, const char *label, const char *doc,
                               const Range &range) noexcept {
    mirra_param_info info = parameter(type, name, label, doc);
    info.minimum = info.soft_minimum = range.minimum;
    info.maximum = range.maximum;
    info.soft_maximum = range.soft_maximum;
    info.default_value = range.standard;
    return info;
}

/// Shown to those who ask for more, under a heading.
inline mirra_param_info advanced(mirra_param_info info, const char *group) noexcept {
    info.group = group;
    info.flags = MIRRA_PARAM_ADVANCED;
    return info;
}

/// One of several names.
/// @param choices, labels  arrays that live as long as the process
template<class Names>
mirra_param_info choice(const char *name, const char *label, const char *doc, const Names &choices,
                        const Names &labels, const char *standard) noexcept {
    mirra_param_info info = parameter(MIRRA_TYPE_ENUM, name, label, doc);
    info.choices = choices.data();
    info.choice_labels = labels.data();
    info.choice_count = static_cast<std::uint32_t>(choices.size());
    info.default_text = standard;
    return info;
}

/// @param ports, params  arrays that live as long as the process
template<class Ports, class Params>
mirra_task task(const char *name, const char *label, const char *doc, const Ports &ports,
                const Params &params) noexcept {
    mirra_task task{};
    task.struct_size = sizeof(mirra_task);
    task.name = name;
    task.label = label;
    task.doc = doc;
    task.ports = ports.data();
    task.params = params.data();
    task.port_count = static_cast<std::uint32_t>(ports.size());
    task.param_count = static_cast<std::uint32_t>(params.size());
    return task;
}

} // namespace plugin
