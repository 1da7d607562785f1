// Sessions: making them, their parameters, plans.
#include "handles.hpp"

#include "value.hpp"

namespace {

using namespace mirra;
using namespace mirra::capi;

host::SessionOptions to_options(const mirra_session_options *given) {
    const auto options = read_struct(given, "options");
    host::SessionOptions out;
    out.task = &required(options.task, "options.task");
    if (options.bundle != nullptr) {
        out.bundle = options.bundle->bundle;
        out.bundle_path = options.bundle->path;
    }
    if (options.quality != nullptr) {
        out.quality = options.quality;
        if (out.quality.empty())
            throw Error(ErrorCode::invalid_argument, "options.quality is empty", "quality",
                        "Leave it NULL for the task's default, or use one of mirra_task_info.qualities.");
    }
    if (options.device != nullptr) out.device = options.device;
    out.precision = to_precision(options.precision);
    out.memory_limit = options.memory_limit;
    out.threads = options.threads;
    out.tile_size = options.tile_size;
    return out;
}

mirra_plan to_c(const host::Plan &plan, const host::Session &session) {
    mirra_plan out{};
    out.fits = plan.fits ? 1 : 0;
    out.tile_count = plan.tile_count;
    out.tile_width = plan.tile_width;
    out.tile_height = plan.tile_height;
    out.halo_left = plan.halo.left;
    out.halo_top = plan.halo.top;
    out.halo_right = plan.halo.right;
    out.halo_bottom = plan.halo.bottom;
    out.alignment = plan.alignment;
    out.peak_bytes = plan.peak_bytes;
    out.base_bytes = plan.base_bytes;
    out.required_bytes = plan.required_bytes;
    out.memory_limit = plan.memory_limit;
    out.precision = static_cast<std::int32_t>(plan.precision);
    out.device = session.info().device.c_str();
    out.precision_reason = session.info().precision_reason.c_str();
    out.output_width = plan.output_width;
    out.output_height = plan.output_height;
    return out;
}

mirra_session_info to_c(const host::SessionInfo &info, const host::TaskInfo &task) {
    mirra_session_info out{};
    out.precision = static_cast<std::int32_t>(info.precision);
    out.task = task.info.name;
    out.plugin_id = task.info.plugin_id;
    out.bundle_path = info.options.bundle_path.c_str();
    out.bundle_name = info.bundle_name.c_str();
    out.bundle_sha256 = info.bundle_sha256.c_str();
    out.quality = info.options.quality.c_str();
    out.device = info.device.c_str();
    out.precision_reason = info.precision_reason.c_str();
    out.memory_limit = info.options.memory_limit;
    out.threads = info.options.threads;
    out.tile_size = info.options.tile_size;
    return out;
}

} // namespace

extern "C" {

mirra_status mirra_session_create(mirra_engine *engine, const mirra_session_options *options,
                                  mirra_session **session, mirra_error **error) {
    return guard(error, [&] {
        required(engine, "engine");
        required(session, "session");
        auto made = std::make_unique<mirra_session>();
        made->session = host::Session::create(engine->engine, to_options(options));
        *session = made.release();
    });
}

void mirra_session_destroy(mirra_session *session) {
    if (!host::in_forked_child()) delete session;
}

mirra_status mirra_session_set(mirra_session *session, const char *name, const mirra_value *value,
                               mirra_error **error) {
    return guard(error, [&] {
        const auto used = held(session);
        required(name, "name");
        used->set(name, host::from_c(read_struct(value, "value"), name));
    });
}

mirra_status mirra_session_set_text(mirra_session *session, const char *name, const char *text,
                                    mirra_error **error) {
    return guard(error, [&] {
        const auto used = held(session);
        required(name, "name");
        used->set_text(name, &required(text, "text"));
    });
}

mirra_status mirra_session_get(mirra_session *session, const char *name, mirra_value *value,
                               mirra_error **error) {
    return guard(error, [&] {
        const auto used = held(session);
        required(name, "name");
        check_struct(value, "value");
        const host::Hold hold(*used); // also while the value is read
        write_struct(value, host::to_c(used->get(name), used->task().param(name).type));
    });
}

mirra_status mirra_session_reset(mirra_session *session, const char *name, mirra_error **error) {
    return guard(error, [&] {
        const auto used = held(session);
        const std::string one = or_empty(name);
        used->reset(name == nullptr ? nullptr : &one);
    });
}

mirra_status mirra_session_set_json(mirra_session *session, const char *json, mirra_error **error) {
    return guard(error, [&] { held(session)->set_json(&required(json, "json")); });
}

mirra_status mirra_session_get_json(mirra_session *session, char **json, mirra_error **error) {
    return guard(error, [&] {
        const auto used = held(session);
        required(json, "json");
        *json = copied(used->get_json());
    });
}

mirra_status mirra_session_param(mirra_session *session, uint32_t index, mirra_param_info *info,
                                 mirra_error **error) {
    return guard(error, [&] {
        const auto used = held(session);
        check_struct(info, "info");
        write_struct(info, at(used->params(), index, "parameter"));
    });
}

mirra_status mirra_session_clone(mirra_session *session, mirra_session **clone, mirra_error **error) {
    return guard(error, [&] {
        const auto used = held(session);
        required(clone, "clone");
        auto made = std::make_unique<mirra_session>();
        made->session = used->clone();
        *clone = made.release();
    });
}

mirra_status mirra_session_get_info(mirra_session *session, mirra_session_info *info, mirra_error **error) {
    return guard(error, [&] {
        const auto used = held(session);
        check_struct(info, "info");
        write_struct(info, to_c(used->info(), used->task()));
    });
}

mirra_status mirra_session_plan(mirra_session *session, int32_t width, int32_t height, mirra_plan *plan,
                                mirra_error **error) {
    return guard(error, [&] {
        const auto used = held(session);
        check_struct(plan, "plan");
        write_struct(plan, to_c(used->plan(width, height), *used));
    });
}

mirra_status mirra_session_required(mirra_session *session, int32_t width, int32_t height,
                                    const mirra_rect *region, mirra_rect *rect, mirra_error **error) {
    return guard(error, [&] {
        const auto used = held(session);
        check_struct(rect, "required");
        const runtime::Rect found = used->required(width, height, to_rect(region, "region"));
        write_struct(rect, mirra_rect{0, 0, found.x, found.y, found.width, found.height});
    });
}
}
