// The robustness that a bundle's manifest records: what `mirra-train attack --record` measured.
#pragma once

#include "attacks/attack.hpp"
#include "eval/robustness.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct Measurement {
    std::string data, attack; ///< attack as recorded: "pgd-20", "autoattack", …
    Budget budget;
    std::int64_t count = 0; ///< pictures
    double clean = 0, robust = 0;

    [[nodiscard]] Interval clean_interval() const;
    [[nodiscard]] Interval robust_interval() const;
};

/// @param quality  Manifest::quality; rows of other measurements, and broken ones, are passed over
std::vector<Measurement> recorded_measurements(const std::string &quality);

/// The one of most pictures whose attack's name begins so, the strongest where several have as many; those
/// within `budget`, if there are any.
std::optional<Measurement> decisive(const std::vector<Measurement> &all, const std::string &attack,
                                    const Budget &budget);

} // namespace mirra::trainer
