// From scores of held-out pictures, by the plugin that hosts use, to verdicts and probabilities.
#pragma once

#include "eval/anomaly_scoring.hpp"
#include "tasks/anomaly.hpp"

#include <filesystem>
#include <limits>
#include <set>
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
/// beyond it, else that of a normal distribution of the scores' logarithms. Of scores that cannot exceed
/// `most`, where that would be one which none reaches: of their log-odds.
/// @param normal  at least two
double score_threshold(std::span<const double> normal, double false_positive_rate,
                       double most = std::numeric_limits<double>::infinity());

/// @param anomalous  empty: the probability is 0.5 at the threshold and the false-positive rate at the median
/// of the normal scores; else by logistic regression of the logarithms, both kinds counting alike
/// @param most       as score_threshold() takes it
Calibration calibrate(std::span<const double> normal, std::span<const double> anomalous,
                      double false_positive_rate, double most = std::numeric_limits<double>::infinity());

double probability_of(double score, const Calibration &calibration);

/// The shares of new normal pictures that may lie above a threshold of that many scores, were their
/// logarithms normally distributed: where all but one in forty of such thresholds lie, and all but one in
/// forty.
struct RateInterval {
    double low = 0, high = 0;
};
RateInterval rate_interval(std::size_t normal, double false_positive_rate);

struct CalibratedMethod {
    std::string name, key; ///< "latent-search", and as the manifest's names begin
    Calibration calibration;
    std::vector<double> normal, bad; ///< scores
    /// Scores of normal pictures, and of the same with synthetic defects; empty: not tried.
    std::vector<double> whole = {}, defective = {};
};

/// The weight of the pixels that makes both parts of the score alike, in the median of normal pictures and
/// their reconstructions.
/// @param bundle  any weights in it do
double balanced_pixel_weight(const std::filesystem::path &bundle, const AnomalyTraining &training,
                             double feature_weight);

/// One part of the score of "segmentation": (value / typical)^power.
struct Part {
    double typical = 1, power = 1;
};

struct LeastOfPart {
    double value = 0, spread = 0;
};

/// That of good pictures: their geometric mean, and one over the deviation of their logarithms.
/// @param least  values, and a deviation of logarithms, below which differences do not matter
Part part_of_score(std::vector<double> values, const LeastOfPart &least);

/// The scores of the held-out good pictures by "segmentation".
/// @param lost  names of pictures that are skipped, to which those are added that cannot be judged
std::vector<double> segmentation_scores(const std::filesystem::path &bundle, const AnomalyTraining &training,
                                        std::set<std::string> &lost);

/// As the training's command has it.
AnomalyScorer::Options scorer_options(const std::string &method, const AnomalyTraining &training);

/// All methods that are trained.
std::vector<CalibratedMethod> calibrate_methods(const std::filesystem::path &bundle,
                                                const AnomalyTraining &training);

/// Adds scores of held-out normal pictures with and without synthetic defects. The latent search, which would
/// take hours, is tried where there is nothing else.
void try_on_synthetic(const std::filesystem::path &bundle, const AnomalyTraining &training,
                      std::vector<CalibratedMethod> &methods);

/// The one with the largest area under the curve, of bad pictures or else of synthetic defects. Of equal ones
/// the fastest.
std::string recommended_method(const std::vector<CalibratedMethod> &methods);

/// Where no method tells good pictures from bad ones well.
void warn_of_poor_separation(const std::vector<CalibratedMethod> &methods);

/// A table on the standard output.
void print_calibration(const std::vector<CalibratedMethod> &methods, double false_positive_rate);

} // namespace mirra::trainer
