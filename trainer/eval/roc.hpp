// Receiver operating characteristic of scores that are higher for anomalous pictures.
#pragma once

#include "report/svg_plot.hpp"

#include <cstddef>
#include <vector>

namespace mirra::trainer {

/// Scores by what the pictures are.
struct LabelledScores {
    std::vector<double> normal, anomalous;
};

/// (false-positive rate, true-positive rate) from (0, 0) to (1, 1), a point a distinct score.
/// @throws Error invalid_argument when there are none of one kind
std::vector<PlotPoint> roc_curve(const LabelledScores &scores);

/// The mean of the curves' true-positive rates at evenly spaced false-positive rates.
std::vector<PlotPoint> mean_roc(const std::vector<std::vector<PlotPoint>> &curves);

/// Standard error of an AUROC (Hanley and McNeil 1982).
double auroc_error(double auroc, std::size_t normal, std::size_t anomalous);

/// Shares of the pictures whose score is above a threshold.
struct Rates {
    double false_positive = 0, true_positive = 0;
};
Rates rates_above(double threshold, const LabelledScores &scores);

} // namespace mirra::trainer
