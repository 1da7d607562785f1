// Numbers as colours of even steps to the eye.
#pragma once

#include "eval/float_picture.hpp"
#include "runtime/torch/libtorch.hpp"

namespace mirra::trainer {

/// A map [H, W] from black over red to yellow (inferno); values from `low` down are black, from `high` up
/// yellow.
FloatPicture color_map(const torch::Tensor &map, double low, double high);

} // namespace mirra::trainer
