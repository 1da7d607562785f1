// Progress of long work: a bar with rate and time left on a terminal, a plain line now and then elsewhere.
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

} // namespace mirra::trainer
