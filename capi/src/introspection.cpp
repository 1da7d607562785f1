// Tasks, ports, parameters and plugins as data.
#include "handles.hpp"

namespace {

using namespace mirra;
using namespace mirra::capi;

const host::TaskInfo &task_of(const mirra_engine *engine, const char *name) {
    return required(engine, "engine").engine->task(&required(name, "task"));
}

mirra_task_info to_c(const mirra_engine &engine, const host::TaskInfo &task) {
    mirra_task_info out = task.info;
    const auto &qualities = engine.engine->qualities(task);
    out.qualities = qualities.data();
    out.quality_count = static_cast<std::uint32_t>(qualities.size());
    return out;
}

mirra_bundle_record to_c(const host::BundleRecord &bundle) {
    mirra_bundle_record out{};
    out.usable = bundle.usable ? 1 : 0;
    out.path = bundle.path.c_str();
    out.name = bundle.name.c_str();
    out.task = bundle.task.c_str();
    out.quality = bundle.quality.c_str();
    out.reason = bundle.reason.c_str();
    out.bytes = bundle.bytes;
    return out;
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
        write_struct(info, to_c(*engine, *at(engine->engine->tasks(), index, "task")));
    });
}

mirra_status mirra_engine_find_task(const mirra_engine *engine, const char *name, mirra_task_info *info,
                                    mirra_error **error) {
    return guard(error, [&] {
        check_struct(info, "info");
        write_struct(info, to_c(*engine, task_of(engine, name)));
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

uint32_t mirra_engine_bundle_count(const mirra_engine *engine) {
    std::uint32_t count = 0;
    if (engine != nullptr) {
        guard(nullptr, [&] { count = static_cast<std::uint32_t>(engine->engine->bundle_records().size()); });
    }
    return count;
}

mirra_status mirra_engine_bundle(const mirra_engine *engine, uint32_t index, mirra_bundle_record *record,
                                 mirra_error **error) {
    return guard(error, [&] {
        required(engine, "engine");
        check_struct(record, "record");
        write_struct(record, to_c(at(engine->engine->bundle_records(), index, "bundle")));
    });
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
