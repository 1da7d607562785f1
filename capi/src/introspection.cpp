// Tasks, ports, parameters and plugins as data.
#include "handles.hpp"

namespace {

using namespace mirra;
using namespace mirra::capi;

mirra_task_info to_c(const host::Task &task) {
    mirra_task_info out{};
    out.flags = task.global_statistics ? MIRRA_TASK_GLOBAL_STATISTICS : 0;
    out.port_count = static_cast<std::uint32_t>(task.ports.size());
    out.param_count = static_cast<std::uint32_t>(task.parameters.size());
    out.name = task.name.c_str();
    out.label = task.label.c_str();
    out.doc = task.doc.c_str();
    out.default_bundle = task.default_bundle.c_str();
    out.plugin_id = task.plugin_id.c_str();
    out.plugin_version = task.plugin_version.c_str();
    return out;
}

mirra_port_info to_c(const host::Port &port) {
    mirra_port_info out{};
    out.direction = port.output ? MIRRA_PORT_OUTPUT : MIRRA_PORT_INPUT;
    out.type = static_cast<std::int32_t>(port.type);
    out.flags = (port.optional ? std::uint32_t{MIRRA_PORT_OPTIONAL} : 0U) |
                (port.as_is ? std::uint32_t{MIRRA_PORT_AS_IS} : 0U) |
                (port.colored ? std::uint32_t{MIRRA_PORT_COLORED} : 0U);
    out.name = port.name.c_str();
    out.label = port.label.c_str();
    out.doc = port.doc.c_str();
    out.unit = port.unit.c_str();
    return out;
}

void set_default(mirra_param_info &out, const host::Value &value) {
    if (const auto *text = std::get_if<std::string>(&value)) out.default_text = text->c_str();
    if (const auto *flag = std::get_if<bool>(&value)) out.default_value = *flag ? 1 : 0;
    if (const auto *integer = std::get_if<std::int64_t>(&value))
        out.default_value = static_cast<double>(*integer);
    if (const auto *real = std::get_if<double>(&value)) out.default_value = *real;
}

mirra_param_info to_c(const host::Parameter &parameter) {
    mirra_param_info out{};
    out.type = static_cast<std::int32_t>(parameter.type);
    out.flags = parameter.flags;
    out.since = parameter.since;
    out.name = parameter.name.c_str();
    out.label = parameter.label.c_str();
    out.doc = parameter.doc.c_str();
    out.group = parameter.group.c_str();
    out.unit = parameter.unit.c_str();
    set_default(out, parameter.fallback);
    out.minimum = parameter.minimum;
    out.maximum = parameter.maximum;
    out.soft_minimum = parameter.soft_minimum;
    out.soft_maximum = parameter.soft_maximum;
    out.step = parameter.step;
    return out;
}

template<class Items> const auto &at(const Items &items, std::uint32_t index, const char *what) {
    if (index < items.size()) return items[index];
    throw Error(ErrorCode::not_found, std::string("there is no ") + what + " of this index", "index");
}

const host::Task &task_of(const mirra_engine *engine, const char *name) {
    return required(engine, "engine").engine->task(&required(name, "task"));
}

} // namespace

extern "C" {

uint32_t mirra_engine_task_count(const mirra_engine *engine) {
    return engine == nullptr ? 0 : static_cast<std::uint32_t>(engine->engine->tasks().size());
}

mirra_status mirra_engine_task(const mirra_engine *engine, uint32_t index, mirra_task_info *info,
                               mirra_error **error) {
    return guard(error, [&] {
        required(engine, "engine");
        check_struct(info, "info");
        write_struct(info, to_c(at(engine->engine->tasks(), index, "task")));
    });
}

mirra_status mirra_engine_find_task(const mirra_engine *engine, const char *name, mirra_task_info *info,
                                    mirra_error **error) {
    return guard(error, [&] {
        check_struct(info, "info");
        const host::Task &task = task_of(engine, name);
        write_struct(info, to_c(task));
    });
}

mirra_status mirra_engine_port(const mirra_engine *engine, const char *task, uint32_t index,
                               mirra_port_info *info, mirra_error **error) {
    return guard(error, [&] {
        check_struct(info, "info");
        const host::Port &port = at(task_of(engine, task).ports, index, "port");
        write_struct(info, to_c(port));
    });
}

mirra_status mirra_engine_param(const mirra_engine *engine, const char *task, uint32_t index,
                                mirra_param_info *info, mirra_error **error) {
    return guard(error, [&] {
        check_struct(info, "info");
        const host::Parameter &parameter = at(task_of(engine, task).parameters, index, "parameter");
        mirra_param_info out = to_c(parameter);
        const TaskStrings &strings = engine->strings.at(task);
        out.choices = strings.choices[index].data();
        out.choice_labels = strings.choice_labels[index].data();
        out.choice_count = static_cast<std::uint32_t>(strings.choices[index].size());
        write_struct(info, out);
    });
}

const char *mirra_engine_schema_json(const mirra_engine *engine) {
    return engine == nullptr ? "" : engine->engine->schema_json().c_str();
}

uint32_t mirra_engine_plugin_count(const mirra_engine *engine) {
    return engine == nullptr ? 0 : static_cast<std::uint32_t>(engine->engine->plugins().size());
}

mirra_status mirra_engine_plugin(const mirra_engine *engine, uint32_t index, mirra_plugin_record *record,
                                 mirra_error **error) {
    return guard(error, [&] {
        required(engine, "engine");
        check_struct(record, "record");
        const host::PluginRecord &plugin = at(engine->engine->plugins(), index, "plugin");
        mirra_plugin_record out{};
        out.loaded = plugin.loaded ? 1 : 0;
        out.abi = plugin.abi;
        out.task_count = plugin.task_count;
        out.path = plugin.path.c_str();
        out.id = plugin.id.c_str();
        out.version = plugin.version.c_str();
        out.reason = plugin.reason.c_str();
        const auto &taken = engine->taken_tasks[index];
        out.taken_tasks = taken.data();
        out.taken_task_count = static_cast<std::uint32_t>(taken.size());
        write_struct(record, out);
    });
}
}
