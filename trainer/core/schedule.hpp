// Learning-rate schedules.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>

namespace mirra::trainer {

struct Schedule {
    std::string kind = "cosine"; ///< constant | cosine | step
    double rate = 1e-3, final_rate = 0;
    std::int64_t warmup = 0, steps = 1;
    std::int64_t step_every = 1; ///< "step": the rate is multiplied by step_factor every so many steps
    double step_factor = 0.1;

    /// Rate of a step; grows linearly over the warm-up.
    [[nodiscard]] double at(std::int64_t step) const {
        const double ramp = step < warmup ? static_cast<double>(step + 1) / static_cast<double>(warmup) : 1.0;
        if (kind == "step")
            return ramp * rate * std::pow(step_factor, static_cast<double>(step / step_every));
        if (kind == "constant") return ramp * rate;
        const double progress = static_cast<double>(step) / static_cast<double>(steps);
        return ramp * (final_rate + (rate - final_rate) * 0.5 * (1 + std::cos(std::numbers::pi * progress)));
    }
};

} // namespace mirra::trainer
