// Learning-rate schedules.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

namespace mirra::trainer {

struct Schedule {
    std::string kind = "cosine"; ///< constant | cosine | step
    double rate = 1e-3, final_rate = 0;
    std::int64_t warmup = 0, steps = 1;
    std::int64_t step_every = 1; ///< "step": the rate is multiplied by step_factor every so many steps
    std::vector<std::int64_t> drops = {}; ///< "step": instead of that, at these steps, in ascending order
    double step_factor = 0.1;

    /// Rate of a step; grows linearly over the warm-up.
    [[nodiscard]] double at(std::int64_t step) const {
        const double ramp = step < warmup ? static_cast<double>(step + 1) / static_cast<double>(warmup) : 1.0;
        if (kind == "step")
            return ramp * rate * std::pow(step_factor, static_cast<double>(drops_until(step)));
        if (kind == "constant") return ramp * rate;
        const double progress = static_cast<double>(step) / static_cast<double>(steps);
        return ramp * (final_rate + (rate - final_rate) * 0.5 * (1 + std::cos(std::numbers::pi * progress)));
    }

  private:
    [[nodiscard]] std::int64_t drops_until(std::int64_t step) const {
        if (drops.empty()) return step / step_every;
        return std::ranges::upper_bound(drops, step) - drops.begin();
    }
};

} // namespace mirra::trainer
