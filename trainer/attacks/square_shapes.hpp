// Sizes and patterns of the Square attack's squares.
#pragma once

#include "runtime/torch/libtorch.hpp"

namespace mirra::trainer {

/// Side of the square of one query: the schedule of section 4 of the paper, from `initial_share` of the area
/// down to a 128th of that, at fixed queries whatever their total, as the standard AutoAttack has it.
std::int64_t square_side(int query, double initial_share, std::int64_t height, std::int64_t width);

/// The l2 attack's pattern (section 4.3 of the paper), [side, side] with norm 1: two halves of opposite sign,
/// each falling from its centre.
torch::Tensor square_pattern(std::int64_t side, const torch::TensorOptions &options);

} // namespace mirra::trainer
