// The area under the ROC curve.
#pragma once

#include <span>

namespace mirra::trainer {

/// The share of pairs in which the anomalous picture has the larger score, a tie counting half (the
/// Mann-Whitney statistic). NaN where a side is empty.
double auroc(std::span<const double> normal, std::span<const double> anomalous);

} // namespace mirra::trainer
