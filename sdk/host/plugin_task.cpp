// A plugin's description of a task, checked and copied.
#include "c_struct.hpp"
#include "mirra/error.hpp"
#include "plugin.hpp"
#include "request.hpp"
#include "utf8.hpp"
#include "value.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

namespace mirra::host {
namespace {

constexpr std::uint32_t kMostPorts = 32;
constexpr std::uint32_t kMostParameters = 256;
constexpr std::uint32_t kMostChoices = 1024;

[[noreturn]] void reject(const std::string &what, const std::string &why) {
    throw Error(ErrorCode::plugin, what + " " + why);
}

std::string text(const char *value, const std::string &what) {
    constexpr std::size_t kLongest = 65535;
    if (value == nullptr) return {};
    if (strnlen(value, kLongest + 1) > kLongest) reject(what, "has a text that is longer than 65535 bytes");
    return as_utf8(value);
}

void check_flags(std::uint32_t flags, std::uint32_t known, const std::string &what) {
    if ((flags & ~known) != 0) reject(what, "has a flag that this library does not know");
}

std::string checked_name(const char *value, const std::string &what, const char *also) {
    const std::string name = text(value, what);
    if (!is_name(name, also))
        reject(what, "has the name '" + name + "', which is not of lower case letters and digits, with '" +
                         also[0] + "' only between them");
    return name;
}

Port read_port(const mirra_port_info &port, const std::string &owner) {
    Port out;
    out.name = checked_name(port.name, owner + ": a port", "-_");
    const std::string what = owner + ": port '" + out.name + "'";
    out.label = text(port.label, what);
    out.doc = text(port.doc, what);
    out.unit = text(port.unit, what);
    if (port.type < MIRRA_TYPE_BOOL || port.type > MIRRA_TYPE_TENSOR)
        reject(owner, "has a port of an unknown type");
    if (port.direction != MIRRA_PORT_INPUT && port.direction != MIRRA_PORT_OUTPUT) {
        reject(owner, "has a port of an unknown direction");
    }
    check_flags(port.flags, MIRRA_PORT_OPTIONAL | MIRRA_PORT_AS_IS | MIRRA_PORT_COLORED, what);
    out.type = static_cast<Type>(port.type);
    out.output = port.direction == MIRRA_PORT_OUTPUT;
    out.optional = (port.flags & MIRRA_PORT_OPTIONAL) != 0;
    out.as_is = (port.flags & MIRRA_PORT_AS_IS) != 0;
    out.colored = (port.flags & MIRRA_PORT_COLORED) != 0;
    return out;
}

void read_choices(const mirra_param_info &info, Parameter &out, const std::string &what) {
    if (info.choice_count > kMostChoices) reject(what, "has too many choices");
    if (info.choice_count > 0 && info.choices == nullptr) reject(what, "has choices that are NULL");
    for (std::uint32_t i = 0; i < info.choice_count; ++i) {
        out.choices.push_back(text(info.choices[i], what));
        if (out.choices.back().empty()) reject(what, "has a choice that is empty or NULL");
        if (std::ranges::count(out.choices, out.choices.back()) > 1)
            reject(what, "has the choice '" + out.choices.back() + "' twice");
        const char *label = info.choice_labels == nullptr ? nullptr : info.choice_labels[i];
        out.choice_labels.push_back(label == nullptr ? out.choices.back() : text(label, what));
    }
    if (out.type == Type::choice && out.choices.empty()) reject(what, "has no choices");
}

void read_range(const mirra_param_info &info, Parameter &out, const std::string &what) {
    out.minimum = info.minimum;
    out.maximum = info.maximum;
    const bool no_soft = info.soft_minimum == 0 && info.soft_maximum == 0;
    out.soft_minimum = no_soft ? info.minimum : info.soft_minimum;
    out.soft_maximum = no_soft ? info.maximum : info.soft_maximum;
    out.step = info.step;
    const bool number = out.type == Type::integer || out.type == Type::real;
    const bool finite = std::isfinite(out.minimum) && std::isfinite(out.maximum) && std::isfinite(out.step);
    if (number && !finite) reject(what, "has a range that is not finite");
    const bool ordered = out.minimum <= out.soft_minimum && out.soft_minimum <= out.soft_maximum &&
                         out.soft_maximum <= out.maximum && out.step >= 0;
    if (number && !ordered) reject(what, "has a range whose ends are out of order");
}

Parameter read_parameter(const mirra_param_info &info, const std::string &owner) {
    Parameter out;
    out.name = checked_name(info.name, owner + ": a parameter", "-_");
    const std::string what = owner + ": parameter '" + out.name + "'";
    if (info.type < MIRRA_TYPE_BOOL || info.type > MIRRA_TYPE_ENUM) reject(what, "has an unknown type");
    check_flags(info.flags, MIRRA_PARAM_ADVANCED | MIRRA_PARAM_DEPRECATED, what);
    if (info.reserved != 0) reject(what, "uses the reserved field");
    out.type = static_cast<Type>(info.type);
    out.flags = info.flags;
    out.since = std::max(info.since, 1U);
    out.label = text(info.label, what);
    out.doc = text(info.doc, what);
    out.group = text(info.group, what);
    out.unit = text(info.unit, what);
    read_choices(info, out, what);
    read_range(info, out, what);
    try {
        if (info.default_text != nullptr) {
            out.fallback = parse(out, info.default_text);
        } else if (out.type == Type::boolean) {
            out.fallback = info.default_value != 0;
        } else {
            out.fallback = out.type == Type::string ? Value(std::string()) : accept(out, info.default_value);
        }
    } catch (const Error &error) {
        reject(what, std::string("has a default that it does not allow: ") + error.what());
    }
    return out;
}

template<class Items> void check_unique(const Items &items, const std::string &owner) {
    std::set<std::string> seen;
    for (const auto &item : items) {
        if (!seen.insert(item.name).second) reject(owner, "has two of the name '" + item.name + "'");
    }
}

void check_ports(const Task &task, const std::string &what) {
    const auto count = [&](bool output) {
        return std::count_if(task.ports.begin(), task.ports.end(),
                             [&](const Port &p) { return p.type == Type::image && p.output == output; });
    };
    if (count(false) == 0) reject(what, "must have an image input");
    if (count(false) > 1 && main_input(task).optional)
        reject(what, "must not have an optional first image input: its size is that of the run");
    if (count(true) > 1) reject(what, "has more than one image output, which this library does not drive");
}

void check_functions(const mirra_task &task, const std::string &what) {
    if (task.create == nullptr || task.destroy == nullptr || task.configure == nullptr ||
        task.process == nullptr) {
        reject(what, "lacks one of create, destroy, configure and process");
    }
    const bool global = (task.flags & MIRRA_TASK_GLOBAL_STATISTICS) != 0;
    if (global != (task.measure != nullptr)) {
        reject(what, "must have a measure function exactly if it needs global statistics");
    }
}

} // namespace

bool is_name(std::string_view name, std::string_view also) noexcept {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() < 64 && plain(name.front()) && plain(name.back()) &&
           std::ranges::all_of(name, [&](char c) { return plain(c) || also.find(c) != std::string::npos; });
}

PluginTask read_task(const mirra_task *task) {
    PluginTask out;
    out.functions = read_struct(task, "task");
    const mirra_task &in = out.functions;
    out.info.name = checked_name(in.name, "a task", "-");
    const std::string what = "task '" + out.info.name + "'";
    if (in.port_count > kMostPorts || in.param_count > kMostParameters)
        reject(what, "has too many ports or parameters");
    check_flags(in.flags, MIRRA_TASK_GLOBAL_STATISTICS, what);
    check_functions(in, what);
    out.info.label = in.label == nullptr ? out.info.name : text(in.label, what);
    out.info.doc = text(in.doc, what);
    out.info.default_bundle = text(in.default_bundle, what);
    out.info.global_statistics = in.measure != nullptr;
    for (const auto &port : read_array(in.ports, in.port_count, "ports"))
        out.info.ports.push_back(read_port(port, what));
    for (const auto &parameter : read_array(in.params, in.param_count, "params")) {
        out.info.parameters.push_back(read_parameter(parameter, what));
    }
    check_unique(out.info.ports, what);
    check_unique(out.info.parameters, what);
    check_ports(out.info, what);
    return out;
}

} // namespace mirra::host
