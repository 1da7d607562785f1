// The thread of the watchdog.
#include "watchdog.hpp"

#include <csignal>
#include <sys/types.h>

namespace mirra::cli::conformance {

Watchdog::Watchdog(const Engine &engine, double seconds)
    : engine_(engine)
    , seconds_(seconds)
    , thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
    {
        const std::lock_guard hold(lock_);
        over_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Watchdog::begin() {
    {
        const std::lock_guard hold(lock_);
        deadline_ = later();
        fired_ = false;
    }
    changed_.notify_all();
}

/// The thread wakes at the earlier time, and goes on.
void Watchdog::touch() {
    const std::lock_guard hold(lock_);
    if (deadline_) deadline_ = later();
}

Watchdog::Clock::time_point Watchdog::later() const {
    return Clock::now() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds_));
}

bool Watchdog::end() {
    const std::lock_guard hold(lock_);
    deadline_.reset();
    return fired_;
}

void Watchdog::watch() {
    std::unique_lock hold(lock_);
    while (!over_) {
        if (!deadline_) {
            changed_.wait(hold);
            continue;
        }
        if (Clock::now() < *deadline_) {
            changed_.wait_until(hold, *deadline_);
            continue;
        }
        deadline_.reset();
        fired_ = true;
        if (const std::int64_t process = mirra_engine_process(engine_.get()); process > 0)
            kill(static_cast<pid_t>(process), SIGKILL);
    }
}

} // namespace mirra::cli::conformance
