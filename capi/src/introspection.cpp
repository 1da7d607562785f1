// Tasks, ports, parameters and plugins as data.
#include "handles.hpp"

namespace {

using namespace mirra;
using namespace mirra::capi;

template<class Items> const auto &at(const Items &items, std::uint32_t index, const char *what) {
    if (index < items.size()) return items[index];
    throw Error(ErrorCode::not_found, std::string("there is no ") + what + " of this index", "index");
}

const host::TaskInfo &task_of(const mirra_engine *engine, const char *name) {
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
        write_struct(info, at(engine->engine->tasks(), index, "task")->info);
    });
}

mirra_status mirra_engine_find_task(const mirra_engine *engine, const char *name, mirra_task_info *info,
                                    mirra_error **error) {
    return guard(error, [&] {
        check_struct(info, "info");
        write_struct(info, task_of(engine, name).info);
    });
}

mirra_status mirra_engine_port(const mirra_engine *engine, const char *task, uint32_t index,
                               mirra_port_info *info, mirra_error **error) {
    return guard(error, [&] {
        check_struct(info, "info");
        write_struct(info, at(task_of(engine, task).ports, index, "port"));
    });
}

mirra_status mirra_engine_param(const mirra_engine *engine, const char *task, uint32_t index,
                                mirra_param_info *info, mirra_error **error) {
    return guard(error, [&] {
        check_struct(info, "info");
        write_struct(info, at(task_of(engine, task).params, index, "parameter"));
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
