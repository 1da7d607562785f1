// Whether heat maps point at real defects, whose places are known.
#pragma once

#include "eval/anomaly_results.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace mirra::trainer {

struct MaskedPixels {
    double auroc = 0;
    std::size_t pictures = 0; ///< bad ones with a mask; pixels of the good ones count as good
};

/// @param masks  a folder with a picture NAME.png for each bad picture NAME, not black where the defect is
/// @throws Interrupted after Ctrl-C | Error not_found (no mask) | as AnomalyScorer
MaskedPixels masked_pixels(const DetectorInfo &detector, const std::string &method,
                           const std::shared_ptr<const AnomalySet> &set, const std::filesystem::path &masks,
                           const ScoringSettings &settings);

} // namespace mirra::trainer
