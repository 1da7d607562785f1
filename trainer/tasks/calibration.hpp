// From scores to verdicts and probabilities.
#pragma once

#include <span>

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

} // namespace mirra::trainer
