// The shortest way from a point onto a hyperplane inside the box [0, 1] (Croce and Hein 2020, FAB).
#pragma once

#include "attacks/attack.hpp"

namespace mirra::trainer {

/// The smallest move d of every point in the norm with normal . d = -offset and point + d in [0, 1]; where
/// the hyperplane misses the box, the move to the corner nearest to it.
/// @param points  [N, C, H, W] in [0, 1]
/// @param normals  of the hyperplanes, like the points; @param offsets  [N]: normal . point - bias
torch::Tensor moves_onto_hyperplane(const torch::Tensor &points, const torch::Tensor &normals,
                                    const torch::Tensor &offsets, Norm norm);

} // namespace mirra::trainer
