// Ends a worker process whose call does not return.
#pragma once

#include "../handles.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace mirra::cli::conformance {

/// A thread that ends the process of an isolated engine (MIRRA_ISOLATION_PROCESS) when a call takes too long
/// without a sign of life: the call then fails, and the next one starts another process. For calls that
/// cannot be cancelled.
class Watchdog {
  public:
    /// @param engine  must outlive it
    Watchdog(const Engine &engine, double seconds);
    Watchdog(const Watchdog &) = delete;
    Watchdog &operator=(const Watchdog &) = delete;
    ~Watchdog();

    [[nodiscard]] double seconds() const noexcept { return seconds_; }
    /// From now on the time counts.
    void begin();
    /// It counts anew, if it counts.
    void touch();
    /// Whether the process was ended since begin().
    [[nodiscard]] bool end();

  private:
    using Clock = std::chrono::steady_clock;
    void watch();
    [[nodiscard]] Clock::time_point later() const;

    const Engine &engine_;
    const double seconds_;
    std::mutex lock_;
    std::condition_variable changed_;
    std::optional<Clock::time_point> deadline_; ///< none: nothing is watched
    bool fired_ = false, over_ = false;
    std::thread thread_;
};

} // namespace mirra::cli::conformance
