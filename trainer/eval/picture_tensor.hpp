// Float pictures as tensors.
#pragma once

#include "eval/float_picture.hpp"
#include "runtime/torch/libtorch.hpp"

#include <vector>

namespace mirra::trainer {

/// Pictures one behind the other as {N, 3, height, width}. All of one size, at least one.
torch::Tensor to_tensor(const std::vector<FloatPicture> &pictures);

} // namespace mirra::trainer
