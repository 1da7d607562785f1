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
    if (options.bundle != nullptr) out.bundle = options.bundle->bundle;
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
    out.device = session.device().c_str();
    out.precision_reason = session.precision_reason().c_str();
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

mirra_status mirra_session_plan(mirra_session *session, int32_t width, int32_t height, mirra_plan *plan,
                                mirra_error **error) {
    return guard(error, [&] {
        const auto used = held(session);
        check_struct(plan, "plan");
        write_struct(plan, to_c(used->plan(width, height), *used));
    });
}
}
