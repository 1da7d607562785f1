// One line that says how far the work is.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace video {

class Progress {
  public:
    /// total: of the video; 0: unknown. done: by an earlier run
    Progress(std::int64_t total, std::int64_t done, bool quiet);
    /// Counts a frame.
    void frame(double sigma);
    /// Ends the line.
    void end();
    /// Frames a second, without the first one of this run.
    [[nodiscard]] double rate() const;

  private:
    using Clock = std::chrono::steady_clock;
    [[nodiscard]] std::string line(double sigma) const;

    std::int64_t total_, before_, frames_ = 0;
    Clock::time_point started_{}, shown_{};
    bool quiet_, terminal_;
};

} // namespace video
