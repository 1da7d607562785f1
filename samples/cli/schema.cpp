// Reads the schema of tasks from an engine.
#include "schema.hpp"

#include "console.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

namespace mirra::cli {
namespace {

std::string text_or_empty(const char *text) {
    return text != nullptr ? text : "";
}

std::string default_of(const mirra_param_info &info) {
    if (info.default_text != nullptr) return info.default_text;
    if (info.type == MIRRA_TYPE_BOOL) return info.default_value != 0 ? "true" : "false";
    return info.type == MIRRA_TYPE_INT || info.type == MIRRA_TYPE_FLOAT ? number_text(info.default_value)
                                                                        : "";
}

Port to_port(const mirra_port_info &info) {
    return {.name = info.name,
            .label = text_or_empty(info.label),
            .doc = text_or_empty(info.doc),
            .unit = text_or_empty(info.unit),
            .type = info.type,
            .input = info.direction == MIRRA_PORT_INPUT,
            .optional = (info.flags & MIRRA_PORT_OPTIONAL) != 0,
            .colored = (info.flags & MIRRA_PORT_COLORED) != 0,
            .with_alpha = (info.flags & MIRRA_PORT_WITH_ALPHA) != 0,
            .series = text_or_empty(info.series),
            .place = info.series_place,
            .max_count = info.max_count};
}

Param to_param(const mirra_param_info &info) {
    Param param{.name = info.name,
                .label = text_or_empty(info.label),
                .doc = text_or_empty(info.doc),
                .unit = text_or_empty(info.unit),
                .type = info.type,
                .advanced = (info.flags & MIRRA_PARAM_ADVANCED) != 0,
                .minimum = info.minimum,
                .maximum = info.maximum,
                .default_text = default_of(info),
                .choices = {},
                .series = text_or_empty(info.series),
                .place = info.series_place,
                .max_count = info.max_count};
    for (std::uint32_t i = 0; i < info.choice_count; ++i) param.choices.emplace_back(info.choices[i]);
    return param;
}

Task to_task(const Engine &engine, const mirra_task_info &info) {
    Task task{.name = info.name,
              .label = text_or_empty(info.label),
              .doc = text_or_empty(info.doc),
              .default_bundle = text_or_empty(info.default_bundle),
              .plugin_id = text_or_empty(info.plugin_id),
              .plugin_version = text_or_empty(info.plugin_version),
              .flags = info.flags,
              .qualities = {info.qualities, info.qualities + info.quality_count},
              .ports = {},
              .params = {}};
    in_phase(Phase::setup, [&] {
        for (const mirra_port_info &port : engine.ports(info.name)) task.ports.push_back(to_port(port));
        for (const mirra_param_info &param : engine.params(info.name)) task.params.push_back(to_param(param));
    });
    return task;
}

} // namespace

std::vector<Task> read_schema(const Engine &engine) {
    std::vector<Task> tasks;
    for (const mirra_task_info &info : in_phase(Phase::setup, [&] { return engine.tasks(); }))
        tasks.push_back(to_task(engine, info));
    return tasks;
}

Task read_task(const Engine &engine, const std::string &name) {
    return to_task(engine, in_phase(Phase::usage, [&] { return engine.task(name); }));
}

const char *type_name(int type) {
    switch (type) {
    case MIRRA_TYPE_BOOL:
        return "bool";
    case MIRRA_TYPE_INT:
        return "int";
    case MIRRA_TYPE_FLOAT:
        return "float";
    case MIRRA_TYPE_STRING:
        return "string";
    case MIRRA_TYPE_ENUM:
        return "enum";
    case MIRRA_TYPE_IMAGE:
        return "image";
    case MIRRA_TYPE_TENSOR:
        return "tensor";
    case MIRRA_TYPE_FILE:
        return "file";
    case MIRRA_TYPE_COLOR:
        return "color";
    default:
        return "unknown";
    }
}

std::string option_name(const std::string &name) {
    std::string out = "--" + name;
    std::replace(out.begin(), out.end(), '_', '-');
    return out;
}

std::string range_text(const Param &param) {
    std::string out;
    if (param.type == MIRRA_TYPE_INT || param.type == MIRRA_TYPE_FLOAT)
        out = range_text(param.minimum, param.maximum);
    if (param.type == MIRRA_TYPE_COLOR) out = "#rrggbb or #rrggbbaa";
    for (const auto &choice : param.choices)
        out += (out.empty() ? "" : param.type == MIRRA_TYPE_ENUM ? ", " : ", or ") + choice;
    return out;
}

namespace {

bool is_file(const std::string &path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

bool is_color(const std::string &text) {
    return (text.size() == 7 || text.size() == 9) && text.front() == '#' &&
           text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
}

} // namespace

std::string objection(const Param &param, const std::string &text) {
    if (std::find(param.choices.begin(), param.choices.end(), text) != param.choices.end()) return "";
    const std::string complaint = "'" + text + "' is not accepted: " + range_text(param);
    if (param.type == MIRRA_TYPE_ENUM) return complaint;
    if (param.type == MIRRA_TYPE_COLOR) return is_color(text) ? "" : complaint;
    if (param.type == MIRRA_TYPE_FILE)
        return text.empty() || is_file(text) ? "" : "there is no file '" + text + "'";
    if (param.type != MIRRA_TYPE_INT && param.type != MIRRA_TYPE_FLOAT) return "";
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool number = error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
    const bool whole = param.type == MIRRA_TYPE_FLOAT || value == std::floor(value);
    return number && whole && value >= param.minimum && value <= param.maximum ? "" : complaint;
}

} // namespace mirra::cli
