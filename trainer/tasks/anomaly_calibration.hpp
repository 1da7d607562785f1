// From scores of held-out pictures, by the plugin that hosts use, to verdicts and probabilities.
#pragma once

#include "tasks/anomaly.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace mirra::trainer {

/// A picture is anomalous when its score is above the threshold, with the probability
/// 1 / (1 + exp(-(slope log score + offset))).
struct Calibration {
    double threshold = 0, slope = 0, offset = 0;
};

/// The score that a share of the normal pictures exceeds: their quantile where at least three pictures lie
/// beyond it, else that of a normal distribution of the scores' logarithms.
/// @param normal  at least two
double score_threshold(std::span<const double> normal, double false_positive_rate);

/// @param anomalous  empty: the probability is 0.5 at the threshold and the false-positive rate at the median
/// of the normal scores; else by logistic regression of the logarithms, both kinds counting alike
Calibration calibrate(std::span<const double> normal, std::span<const double> anomalous,
                      double false_positive_rate);

double probability_of(double score, const Calibration &calibration);

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
