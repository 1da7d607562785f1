// The difference of logits ratio (Croce and Hein 2020): a loss that rescaling the logits cannot flatten.
#pragma once

#include "runtime/torch/libtorch.hpp"

namespace mirra::trainer {

/// -(z_y - max of the others) / (z_1st - z_3rd), equation 6 of the paper, [N]. It needs three classes: with
/// two, the ratio would be constant, and the loss is the difference of the logits alone.
/// @param logits  [N, K], K >= 2; @param labels  int64 [N]
torch::Tensor dlr(const torch::Tensor &logits, const torch::Tensor &labels);

/// -(z_y - z_target) / (z_1st - (z_3rd + z_4th) / 2), equation 7, [N]. It needs four classes: with three, the
/// ratio to the lowest class would be constant, so with fewer the loss is the difference of the logits alone.
torch::Tensor dlr_targeted(const torch::Tensor &logits, const torch::Tensor &labels,
                           const torch::Tensor &targets);

} // namespace mirra::trainer
