// Geometry-aware instance reweighting (Zhang et al. 2021): images near the decision boundary count more.
#pragma once

#include "runtime/torch/libtorch.hpp"

namespace mirra::trainer {

/// omega(kappa) = (1 + tanh(lambda + 5 (1 - 2 kappa / K))) / 2, scaled to mean 1 over the batch (equation 6
/// of the paper).
/// @param steps_to_fool  kappa, int64 [N] in 0..steps: PgdTrace::steps_to_fool
/// @param steps  K, those of the attack, > 0
/// @param lambda  shifts the weight towards harder (negative) or all (positive) images; published: -1
/// @returns fp32 [N], on the device of `steps_to_fool`
torch::Tensor gairat_weights(const torch::Tensor &steps_to_fool, int steps, double lambda = -1);

} // namespace mirra::trainer
