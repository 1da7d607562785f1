// The tasks as JSON, for generators of bindings, dialogs and documentation.
#include "plugin.hpp"
#include "value.hpp"

#include <nlohmann/json.hpp>

namespace mirra::host {
namespace {

using Json = nlohmann::ordered_json;

const char *type_name(std::int32_t type) {
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

template<class Items> Json list(const Items &items);

/// Where the item is of a series.
template<class Item> void add_series(Json &json, const Item &item) {
    if (item.series_place == 0) return;
    json["series"] = item.series;
    json["series_place"] = item.series_place;
    json["max_count"] = item.max_count;
}

Json describe(const mirra_port_info &port) {
    Json json{{"name", port.name},
              {"label", port.label},
              {"doc", port.doc},
              {"type", type_name(port.type)},
              {"direction", is_output(port) ? "output" : "input"},
              {"optional", is_optional(port)},
              {"as_is", (port.flags & MIRRA_PORT_AS_IS) != 0},
              {"colored", (port.flags & MIRRA_PORT_COLORED) != 0},
              {"with_alpha", (port.flags & MIRRA_PORT_WITH_ALPHA) != 0},
              {"unit", port.unit}};
    add_series(json, port);
    return json;
}

Json describe(const mirra_param_info &param) {
    Json json{{"name", param.name},   {"label", param.label}, {"doc", param.doc},
              {"group", param.group}, {"unit", param.unit},   {"type", type_name(param.type)},
              {"since", param.since}};
    std::visit([&](const auto &value) { json["default"] = value; }, default_of(param));
    if (is_number(param)) {
        json["minimum"] = param.minimum;
        json["maximum"] = param.maximum;
        json["soft_minimum"] = param.soft_minimum;
        json["soft_maximum"] = param.soft_maximum;
        json["step"] = param.step;
    }
    for (std::uint32_t i = 0; i < param.choice_count; ++i)
        json["choices"].push_back({{"value", param.choices[i]}, {"label", param.choice_labels[i]}});
    json["advanced"] = (param.flags & MIRRA_PARAM_ADVANCED) != 0;
    json["deprecated"] = (param.flags & MIRRA_PARAM_DEPRECATED) != 0;
    json["pixels"] = (param.flags & MIRRA_PARAM_PIXELS) != 0;
    if (*param.visible_if != '\0') json["visible_if"] = param.visible_if;
    add_series(json, param);
    return json;
}

Json describe(const TaskInfo &task) {
    return {{"name", task.info.name},
            {"label", task.info.label},
            {"doc", task.info.doc},
            {"default_bundle", task.info.default_bundle},
            {"global_statistics", (task.info.flags & MIRRA_TASK_GLOBAL_STATISTICS) != 0},
            {"no_network", (task.info.flags & MIRRA_TASK_NO_NETWORK) != 0},
            {"plugin", {{"id", task.info.plugin_id}, {"version", task.info.plugin_version}}},
            {"ports", list(task.ports)},
            {"params", list(task.params)}};
}

Json describe(const TaskInfo *task) {
    return describe(*task);
}

template<class Items> Json list(const Items &items) {
    Json json = Json::array();
    for (const auto &item : items) json.push_back(describe(item));
    return json;
}

} // namespace

std::string schema_of(const std::vector<const TaskInfo *> &tasks) {
    // A plugin's texts may be no UTF-8; they must not stop the others from being listed.
    return Json{{"schema", 1}, {"version", MIRRA_VERSION_TEXT}, {"tasks", list(tasks)}}.dump(
        2, ' ', false, Json::error_handler_t::replace);
}

} // namespace mirra::host
