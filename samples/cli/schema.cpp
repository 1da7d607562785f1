// Reads the schema of tasks from an engine.
#include "schema.hpp"

#include "console.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

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
            .colored = (info.flags & MIRRA_PORT_COLORED) != 0};
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
                .choices = {}};
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
              .ports = {},
              .params = {}};
    for (std::uint32_t i = 0; i < info.port_count; ++i)
        task.ports.push_back(
            to_port(get<mirra_port_info>(Phase::setup, [&](mirra_port_info *out, mirra_error **e) {
                return mirra_engine_port(engine.get(), info.name, i, out, e);
            })));
    for (std::uint32_t i = 0; i < info.param_count; ++i)
        task.params.push_back(
            to_param(get<mirra_param_info>(Phase::setup, [&](mirra_param_info *out, mirra_error **e) {
                return mirra_engine_param(engine.get(), info.name, i, out, e);
            })));
    return task;
}

} // namespace

std::vector<Task> read_schema(const Engine &engine) {
    std::vector<Task> tasks;
    for (std::uint32_t i = 0; i < mirra_engine_task_count(engine.get()); ++i)
        tasks.push_back(
            to_task(engine, get<mirra_task_info>(Phase::setup, [&](mirra_task_info *out, mirra_error **e) {
                        return mirra_engine_task(engine.get(), i, out, e);
                    })));
    return tasks;
}

Task read_task(const Engine &engine, const std::string &name) {
    return to_task(engine, get<mirra_task_info>(Phase::usage, [&](mirra_task_info *out, mirra_error **e) {
                       return mirra_engine_find_task(engine.get(), name.c_str(), out, e);
                   }));
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
    for (const auto &choice : param.choices)
        out += (out.empty() ? "" : param.type == MIRRA_TYPE_ENUM ? ", " : ", or ") + choice;
    return out;
}

std::string objection(const Param &param, const std::string &text) {
    if (std::find(param.choices.begin(), param.choices.end(), text) != param.choices.end()) return "";
    const std::string complaint = "'" + text + "' is not accepted: " + range_text(param);
    if (param.type == MIRRA_TYPE_ENUM) return complaint;
    if (param.type != MIRRA_TYPE_INT && param.type != MIRRA_TYPE_FLOAT) return "";
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool number = error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
    const bool whole = param.type == MIRRA_TYPE_FLOAT || value == std::floor(value);
    return number && whole && value >= param.minimum && value <= param.maximum ? "" : complaint;
}

} // namespace mirra::cli
