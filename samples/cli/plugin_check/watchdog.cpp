// The thread of the watchdog.
#include "watchdog.hpp"

#include "../console.hpp"

#include <algorithm>
#include <csignal>
#include <sys/types.h>

namespace mirra::cli::conformance {

Watchdog::Watchdog(const Engine &engine, double seconds)
    : engine_(engine)
    , seconds_(seconds)
    , idle_seconds_(std::max(15.0, seconds / 4))
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
        idleness_.restart();
        fired_.clear();
    }
    changed_.notify_all();
}

/// The thread wakes at the earlier time, and goes on.
void Watchdog::touch() {
    const std::lock_guard hold(lock_);
    if (deadline_) deadline_ = later();
    idleness_.restart();
}

Watchdog::Clock::time_point Watchdog::later() const {
    return Clock::now() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds_));
}

std::string Watchdog::end() {
    const std::lock_guard hold(lock_);
    deadline_.reset();
    return fired_;
}

std::string Watchdog::complaint() {
    if (Clock::now() >= *deadline_) return "a call did not return within " + number_text(seconds_) + " s";
    const std::int64_t process = mirra_engine_process(engine_.get());
    if (process > 0 && idleness_.look(static_cast<pid_t>(process)) >= idle_seconds_)
        return "a call did not return, and did nothing for " + number_text(idle_seconds_) +
               " s: it waits for what does not come. A task that must wait reports progress meanwhile, or "
               "needs a longer --time-limit";
    return "";
}

void Watchdog::watch() {
    constexpr auto kStep =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(Idleness::kStep));
    std::unique_lock hold(lock_);
    while (!over_) {
        if (!deadline_) {
            changed_.wait(hold);
            continue;
        }
        const Clock::time_point next = std::min(*deadline_, Clock::now() + kStep);
        if (changed_.wait_until(hold, next) == std::cv_status::no_timeout || !deadline_) continue;
        fired_ = complaint();
        if (fired_.empty()) continue;
        deadline_.reset();
        if (const std::int64_t process = mirra_engine_process(engine_.get()); process > 0)
            kill(static_cast<pid_t>(process), SIGKILL);
    }
}

} // namespace mirra::cli::conformance
