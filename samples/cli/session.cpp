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

namespace {

/// A quality that there is none of is a value that its option does not take; other things are not there.
Session create(const Engine &engine, const api::SessionOptions &options) {
    try {
        return engine.session(options);
    } catch (const api::Error &error) {
        const bool value = error.code() == MIRRA_E_INVALID_ARGUMENT || error.subject() == "quality";
        throw Failure(value ? Phase::usage : Phase::setup, error);
    }
}

/// Values that do not go together, or not with the bundle, are found before any work is done; what does not
/// fit the size of a picture is found with the picture.
void check_values(Session &session) {
    try {
        static_cast<void>(session.plan(1, 1));
    } catch (const api::Error &error) {
        if (error.code() != MIRRA_E_MISMATCH) throw;
    }
}

} // namespace

Session open_session(const Engine &engine, const std::string &task, const RunSettings &settings,
                     const std::map<std::string, std::string> &params) {
    const Bundle bundle =
        settings.bundle.empty() ? nullptr : open_bundle(find_bundle(engine, settings.bundle));
    api::SessionOptions options;
    options.task = task;
    options.bundle = &bundle;
    options.quality = settings.quality;
    options.device = settings.device;
    options.precision = settings.precision_value();
    options.memory_limit = settings.memory_bytes();
    options.threads = settings.threads;
    options.tile_size = settings.tile_size;
    Session session = create(engine, options);
    in_phase(Phase::usage, [&] {
        for (const auto &[name, text] : params) session.set_text(name, text);
        if (!params.empty()) check_values(session);
    });
    return session;
}

} // namespace mirra::cli
