// Makes sessions from command line options.
#include "session.hpp"

#include <algorithm>
#include <sched.h>
#include <thread>

namespace mirra::cli {

std::int32_t RunSettings::precision_value() const {
    for (const std::int32_t value : {MIRRA_PRECISION_FP32, MIRRA_PRECISION_BF16, MIRRA_PRECISION_FP16})
        if (precision == mirra_precision_name(value)) return value;
    return MIRRA_PRECISION_AUTO;
}

int RunSettings::thread_count() const {
    if (threads > 0) return threads;
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

Session open_session(const Engine &engine, const std::string &task, const RunSettings &settings,
                     const std::map<std::string, std::string> &params) {
    const Bundle bundle =
        settings.bundle.empty() ? nullptr : open_bundle(find_bundle(engine, settings.bundle));
    auto options = make_struct<mirra_session_options>();
    options.task = task.c_str();
    options.bundle = bundle.get();
    options.device = settings.device.c_str();
    options.precision = settings.precision_value();
    options.memory_limit = settings.memory_bytes();
    options.threads = settings.threads;
    options.tile_size = settings.tile_size;
    Session session = make<Session>(Phase::setup, [&](mirra_session **out, mirra_error **e) {
        return mirra_session_create(engine.get(), &options, out, e);
    });
    for (const auto &[name, text] : params)
        call(Phase::usage, [&](mirra_error **e) {
            return mirra_session_set_text(session.get(), name.c_str(), text.c_str(), e);
        });
    // Values that do not go together, or not with the bundle, are found before any work is done.
    if (!params.empty())
        static_cast<void>(get<mirra_plan>(Phase::usage, [&](mirra_plan *plan, mirra_error **e) {
            return mirra_session_plan(session.get(), 1, 1, plan, e);
        }));
    return session;
}

} // namespace mirra::cli
