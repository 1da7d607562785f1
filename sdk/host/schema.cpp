// The tasks as JSON, for generators of bindings, dialogs and documentation.
#include "engine_core.hpp"

#include <nlohmann/json.hpp>

namespace mirra::host {
namespace {

using Json = nlohmann::ordered_json;

const char *type_name(Type type) {
    switch (type) {
    case Type::boolean:
        return "bool";
    case Type::integer:
        return "int";
    case Type::real:
        return "float";
    case Type::string:
        return "string";
    case Type::choice:
        return "enum";
    case Type::image:
        return "image";
    case Type::tensor:
        return "tensor";
    }
    return "unknown";
}

Json describe(const Port &port);
Json describe(const Parameter &parameter);
Json describe(const Task &task);

template<class Items> Json list(const Items &items) {
    Json json = Json::array();
    for (const auto &item : items) json.push_back(describe(item));
    return json;
}

Json describe(const Port &port) {
    return {{"name", port.name},
            {"label", port.label},
            {"doc", port.doc},
            {"type", type_name(port.type)},
            {"direction", port.output ? "output" : "input"},
            {"optional", port.optional},
            {"as_is", port.as_is},
            {"colored", port.colored},
            {"unit", port.unit}};
}

Json describe(const Parameter &parameter) {
    Json json{{"name", parameter.name},   {"label", parameter.label}, {"doc", parameter.doc},
              {"group", parameter.group}, {"unit", parameter.unit},   {"type", type_name(parameter.type)},
              {"since", parameter.since}};
    std::visit([&](const auto &value) { json["default"] = value; }, parameter.fallback);
    if (parameter.type == Type::integer || parameter.type == Type::real) {
        json["minimum"] = parameter.minimum;
        json["maximum"] = parameter.maximum;
        json["soft_minimum"] = parameter.soft_minimum;
        json["soft_maximum"] = parameter.soft_maximum;
        json["step"] = parameter.step;
    }
    for (std::size_t i = 0; i < parameter.choices.size(); ++i) {
        json["choices"].push_back({{"value", parameter.choices[i]}, {"label", parameter.choice_labels[i]}});
    }
    json["advanced"] = (parameter.flags & MIRRA_PARAM_ADVANCED) != 0;
    json["deprecated"] = (parameter.flags & MIRRA_PARAM_DEPRECATED) != 0;
    return json;
}

Json describe(const Task &task) {
    return {{"name", task.name},
            {"label", task.label},
            {"doc", task.doc},
            {"default_bundle", task.default_bundle},
            {"global_statistics", task.global_statistics},
            {"plugin", {{"id", task.plugin_id}, {"version", task.plugin_version}}},
            {"ports", list(task.ports)},
            {"params", list(task.parameters)}};
}

} // namespace

std::string schema_of(const std::vector<Task> &tasks) {
    // A plugin's texts may be no UTF-8; they must not stop the others from being listed.
    return Json{{"schema", 1}, {"version", MIRRA_VERSION_TEXT}, {"tasks", list(tasks)}}.dump(
        2, ' ', false, Json::error_handler_t::replace);
}

} // namespace mirra::host
