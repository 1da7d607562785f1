// Anomaly detectors on the same pictures: whether the AUROC of one is larger by more than chance.
#pragma once

#include "eval/anomaly_results.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mirra::trainer {

/// What two detectors say of the pictures of one set, those that both could judge.
struct PairedScores {
    std::vector<std::size_t> pictures; ///< number of each, the same in every set
    std::vector<bool> anomalous;       ///< what each is in this set
    std::vector<double> scores, reference;
};

struct AurocDifference {
    double value = 0; ///< the mean over the sets of the AUROC less that of the reference
    double error = 0; ///< its standard error over the pictures
};

/// By the paired bootstrap (Efron and Tibshirani 1993): the deviation of the difference over 1,000 draws of
/// as many pictures, with replacement. A picture is drawn for all sets and both detectors at once.
/// @param kinds  of each picture by its number: as many of each kind are drawn as there are
AurocDifference bootstrap_difference(const std::vector<PairedScores> &sets,
                                     const std::vector<std::int32_t> &kinds, std::uint64_t seed = 0);

/// The AUROC of every encoder with that of the first: its error over the classes, then over the pictures.
std::string comparison_lines(const std::vector<AnomalyMeasurement> &measurements);

} // namespace mirra::trainer
