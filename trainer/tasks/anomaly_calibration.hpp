// Scores of held-out pictures, by the plugin that hosts use, and what follows from them.
#pragma once

#include "tasks/anomaly_bundle.hpp"
#include "tasks/calibration.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

struct CalibratedMethod {
    std::string name, key; ///< "latent-search", and as the manifest's names begin
    Calibration calibration;
    std::vector<double> normal, bad; ///< scores
};

/// The weight of the pixels that makes both parts of the score alike, in the median of normal pictures and
/// their reconstructions.
/// @param bundle  any weights in it do
double balanced_pixel_weight(const std::filesystem::path &bundle, const AnomalyTraining &training);

/// All methods that the bundle has.
std::vector<CalibratedMethod> calibrate_methods(const std::filesystem::path &bundle,
                                                const AnomalyTraining &training);

/// The one with the largest area under the curve where there are bad pictures, else the memory where there is
/// one, else the reconstruction. Of equal ones the fastest.
std::string recommended_method(const std::vector<CalibratedMethod> &methods);

/// A table on the standard output.
void print_calibration(const std::vector<CalibratedMethod> &methods, double false_positive_rate);

} // namespace mirra::trainer
