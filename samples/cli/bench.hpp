// Timing of repeated runs, in all and stage by stage.
#pragma once

#include "console.hpp"
#include "handles.hpp"
#include "interrupt.hpp"

#include <chrono>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace mirra::cli {

/// Collects the times of runs. Used from the thread that runs.
class Timings {
  public:
    /// @param megapixels  of one run, for the rate
    explicit Timings(double megapixels) : megapixels_(megapixels) {}

    void begin();
    /// What passes from now to the next mark, or to end(), belongs to this stage.
    void mark(const std::string &stage);
    /// Ends a run; it counts only if `keep` (a warm-up does not).
    void end(bool keep);

    /// An array: for "total", and each stage that was marked, minimum, median, 95th percentile and maximum in
    /// ms, and Mpixel/s at the median.
    [[nodiscard]] Json json() const;

    /// For mirra_run_options.progress; `user` is the Timings.
    static std::int32_t callback(void *user, const mirra_progress *progress) noexcept;

  private:
    using Clock = std::chrono::steady_clock;

    void close_stage(Clock::time_point now);

    double megapixels_;
    Clock::time_point begin_;
    Clock::time_point mark_;
    std::string stage_; ///< since mark_; "": none yet
    std::map<std::string, double> run_;
    std::map<std::string, std::vector<double>> seconds_;
    std::vector<std::string> order_; ///< stages as they came up
};

/// Runs the session once; device, precision and memory of the run as JSON. Throws Failure.
Json timed_run(const Session &session, std::span<const mirra_port_value> ports, const Interrupt &interrupt,
               Timings &timings);

} // namespace mirra::cli
