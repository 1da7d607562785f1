// How far a run is: a bar on a terminal, now and then a line elsewhere.
#pragma once

#include "console.hpp"

#include <mirra/mirra.h>

#include <chrono>
#include <optional>
#include <string>

namespace mirra::cli {

/// Shows one run. Used from the thread that runs.
class Progress {
  public:
    /// @param label       none: nothing is shown
    /// @param megapixels  size of the whole run, for the rate
    Progress(const Console &console, const std::optional<std::string> &label, double megapixels);
    /// Takes the bar away, so that the next line begins at the left.
    ~Progress();
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;

    void update(const mirra_progress &progress);

    /// For mirra_run_options.progress; `user` is the Progress.
    static std::int32_t callback(void *user, const mirra_progress *progress) noexcept;

  private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] std::string state(double fraction, double seconds) const;
    void draw(double fraction, double seconds);

    const Console &console_;
    const bool silent_;
    std::string label_;
    double megapixels_;
    Clock::time_point begin_ = Clock::now();
    Clock::time_point shown_ = begin_;
    bool drawn_ = false;
};

} // namespace mirra::cli
