// Engines, devices, the runtime module.
#include "handles.hpp"

#include "isolated_engine.hpp"
#include "paths.hpp"

namespace {

using namespace mirra;
using namespace mirra::capi;

constexpr mirra_engine_flags kFlags =
    MIRRA_ISOLATION_PROCESS | MIRRA_PLUGIN_PATH_ONLY | MIRRA_PLUGIN_SCAN_PROCESS | MIRRA_ISOLATION_AUTO;

bool is_isolated(const mirra_engine_options *options) {
    const mirra_engine_flags flags = options == nullptr ? 0 : options->flags;
    if ((flags & MIRRA_ISOLATION_PROCESS) != 0) return true;
    return (flags & MIRRA_ISOLATION_AUTO) != 0 && isolation::other_libtorch_is_mapped();
}

std::shared_ptr<host::CallbackUser> user_of(const mirra_engine_options *given) {
    if (given == nullptr) return owned_user(nullptr, nullptr);
    const auto known = read_known(given, "options");
    return owned_user(known.log_user, known.log_user_free);
}

void check_options(const mirra_engine_options &options) {
    check_flags(options.flags, kFlags, "options.flags");
    check_reserved(options.reserved, "options.reserved");
    if (options.log_level < MIRRA_LOG_DEBUG || options.log_level > MIRRA_LOG_ERROR)
        unknown_value("log_level", options.log_level, "log_level",
                      "MIRRA_LOG_DEBUG (0), _INFO (1), _WARNING (2) or _ERROR (3)");
}

host::EngineOptions to_options(const mirra_engine_options *given) {
    host::EngineOptions out;
    out.user = user_of(given); // first, so that it is freed whatever else is wrong
    const auto options = read_struct_or_default(given, "options");
    check_options(options);
    out.plugin_path = or_empty(options.plugin_path);
    out.runtime_module = or_empty(options.runtime_module);
    out.bundle_path = or_empty(options.bundle_path);
    out.libtorch_path = or_empty(options.libtorch_path);
    out.plugin_skip = host::split_list(or_empty(options.plugin_skip));
    out.plugin_scan = (options.flags & MIRRA_PLUGIN_SCAN_PROCESS) != 0;
    out.plugin_path_only = (options.flags & MIRRA_PLUGIN_PATH_ONLY) != 0;
    if (options.log != nullptr) {
        out.log = [log = options.log, user = out.user,
                   least = options.log_level](std::int32_t level, const std::string &message) {
            if (level >= least) log(user->get(), level, message.c_str());
        };
    }
    if (options.loading != nullptr) {
        out.loading = [loading = options.loading, user = options.loading_user](const std::string &path) {
            loading(user, path.c_str());
        };
    }
    return out;
}

std::vector<const char *> pointers(const std::vector<std::string> &texts) {
    std::vector<const char *> out;
    for (const std::string &text : texts) out.push_back(text.c_str());
    return out;
}

} // namespace

extern "C" {

mirra_status mirra_engine_create(const mirra_engine_options *options, mirra_engine **engine,
                                 mirra_error **error) {
    return guard(error, [&] {
        host::EngineOptions given = to_options(options);
        required(engine, "engine");
        auto made = std::make_unique<mirra_engine>();
        made->engine = is_isolated(options) ? isolation::make_engine(std::move(given))
                                            : host::make_engine(std::move(given));
        for (const host::PluginRecord &each : made->engine->plugins())
            made->taken_tasks.push_back(pointers(each.taken_tasks));
        *engine = made.release();
    });
}

void mirra_engine_destroy(mirra_engine *engine) {
    if (!host::in_forked_child()) delete engine;
}

mirra_status mirra_engine_shutdown(mirra_engine *engine, double seconds, mirra_error **error) {
    return guard(error, [&] { required(engine, "engine").engine->shut_down(seconds); });
}

int64_t mirra_engine_process(const mirra_engine *engine) {
    return engine == nullptr ? 0 : engine->engine->process();
}

uint32_t mirra_engine_device_count(mirra_engine *engine) {
    std::uint32_t count = 0;
    if (engine != nullptr) {
        guard(nullptr, [&] { count = static_cast<std::uint32_t>(engine->engine->devices().size()); });
    }
    return count;
}

mirra_status mirra_engine_device(mirra_engine *engine, uint32_t index, mirra_device_info *info,
                                 mirra_error **error) {
    return guard(error, [&] {
        const auto &devices = required(engine, "engine").engine->devices();
        check_struct(info, "info");
        const runtime::DeviceInfo &device = at(devices, index, "device");
        mirra_device_info out{};
        out.usable = device.usable ? 1 : 0;
        out.id = device.id.c_str();
        out.name = device.name.c_str();
        out.reason = device.reason.c_str();
        out.memory_bytes = device.memory;
        for (const runtime::Precision precision : device.precisions) {
            out.precisions |= 1U << static_cast<unsigned>(precision);
        }
        write_struct(info, out);
    });
}

mirra_status mirra_engine_runtime(mirra_engine *engine, mirra_runtime_info *info, mirra_error **error) {
    return guard(error, [&] {
        required(engine, "engine");
        check_struct(info, "info");
        const host::RuntimeStatus &status = engine->engine->runtime_status();
        mirra_runtime_info out{};
        out.usable = status.usable ? 1 : 0;
        out.path = status.path.c_str();
        out.version = status.version.c_str();
        out.reason = status.reason.c_str();
        out.base_bytes = status.base_bytes;
        out.libtorch_path = status.libtorch.c_str();
        out.libtorch_origin = status.libtorch_origin.c_str();
        out.libtorch_version = status.libtorch_version.c_str();
        write_struct(info, out);
    });
}

mirra_status mirra_engine_measure_peak(mirra_engine *engine, const char *device, mirra_precision precision,
                                       int32_t threads, double *multiply_accumulates_per_second,
                                       mirra_error **error) {
    return guard(error, [&] {
        required(engine, "engine");
        required(multiply_accumulates_per_second, "multiply_accumulates_per_second");
        host::GraphRunOptions options;
        if (device != nullptr) options.device = device;
        options.precision = to_precision(precision);
        options.threads = threads;
        *multiply_accumulates_per_second = host::measured_peak(engine->engine, options);
    });
}

mirra_status mirra_engine_find_bundle(const mirra_engine *engine, const char *name, char **path,
                                      mirra_error **error) {
    return guard(error, [&] {
        required(engine, "engine");
        required(path, "path");
        const std::string found = engine->engine->find_bundle(&required(name, "name"));
        *path = copied(found);
    });
}
}
