// The function with a slope for each channel, which LibTorch has not in place.
#pragma once

#include <ATen/core/TensorBody.h>

namespace mirra::runtime {

/// Multiplies the values below zero of [N, C, H, W] by their channel's weight.
/// @param weight  [C], of the type of x
void prelu_over(at::Tensor &x, const at::Tensor &weight);

} // namespace mirra::runtime
