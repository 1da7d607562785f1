// Images that are done leave the batch while an attack runs, so that its time goes to those that still stand.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <initializer_list>
#include <optional>

namespace mirra::trainer {

/// The rows to go on with, in their order: those not done, and some done ones to fill up, so that the batch
/// takes few sizes on its way down (kernels are planned once a shape).
/// @param done  bool [N]
/// @returns int64 indices, none when all are done; nothing when the batch stays as it is
std::optional<torch::Tensor> remaining_rows(const torch::Tensor &done);

/// Rows of a tensor, in its memory format.
torch::Tensor select_rows(const torch::Tensor &tensor, const torch::Tensor &rows);
/// The same for several tensors in place; undefined ones stay so.
void keep_rows(std::initializer_list<torch::Tensor *> tensors, const torch::Tensor &rows);

} // namespace mirra::trainer
