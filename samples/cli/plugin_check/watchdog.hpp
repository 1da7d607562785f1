// Ends a worker process whose call does not return.
#pragma once

#include "../handles.hpp"
#include "idleness.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace mirra::cli::conformance {

/// A thread that ends the process of an isolated engine (MIRRA_ISOLATION_PROCESS) when a call takes too long
/// without a sign of life: the call then fails, and the next one starts another process. For calls that
/// cannot be cancelled. A process that only waits is ended earlier, after a quarter of the time and 15 s.
class Watchdog {
  public:
    /// @param engine  must outlive it
    Watchdog(const Engine &engine, double seconds);
    Watchdog(const Watchdog &) = delete;
    Watchdog &operator=(const Watchdog &) = delete;
    ~Watchdog();

    /// From now on the time counts.
    void begin();
    /// It counts anew, if it counts.
    void touch();
    /// Why the process was ended since begin(), as a sentence; "" if it was not.
    [[nodiscard]] std::string end();

  private:
    using Clock = std::chrono::steady_clock;
    void watch();
    [[nodiscard]] Clock::time_point later() const;
    /// Why the process must be ended now; "" if it need not be.
    [[nodiscard]] std::string complaint();

    const Engine &engine_;
    const double seconds_, idle_seconds_;
    std::mutex lock_;
    std::condition_variable changed_;
    std::optional<Clock::time_point> deadline_; ///< none: nothing is watched
    Idleness idleness_;
    std::string fired_; ///< why; "": it is not
    bool over_ = false;
    std::thread thread_;
};

} // namespace mirra::cli::conformance
