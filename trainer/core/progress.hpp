// Long work: its progress, and Ctrl-C.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mirra::trainer {

/// Writes to standard error. One thread.
class Progress {
  public:
    /// @param done  steps that an earlier run has already made; they do not count into the rate
    Progress(std::string what, std::int64_t total, std::int64_t done = 0);
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;
    ~Progress();

    /// @param note  shown at the end of the line, for example the loss
    void update(std::int64_t done, const std::string &note = {});
    /// Steps per second of this run.
    [[nodiscard]] double rate() const;

  private:
    using Clock = std::chrono::steady_clock;
    void draw(const std::string &note);

    std::string what_;
    std::int64_t total_, first_, done_;
    Clock::time_point start_ = Clock::now(), drawn_{};
    bool terminal_;
};

/// While alive, SIGINT, SIGTERM and SIGHUP, unless the caller has them ignored, set interrupted(); a second
/// signal ends the process at once. A signal that interrupted() has told of is over with the guard; one that
/// came too late for that counts under the next.
class InterruptGuard {
  public:
    InterruptGuard();
    InterruptGuard(const InterruptGuard &) = delete;
    InterruptGuard &operator=(const InterruptGuard &) = delete;
    ~InterruptGuard();
};

bool interrupted() noexcept;

} // namespace mirra::trainer
