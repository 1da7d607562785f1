// Few points that stand for many.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <cstdint>
#include <vector>

namespace mirra::trainer {

struct CoresetOptions {
    std::int64_t members = 1000;
    std::int64_t dimensions = 64; ///< of the random projection in which distances are measured; 0: all
    std::uint64_t seed = 0;
};

/// Indices of the members among the points, in the order of their choice: each the farthest point from those
/// chosen before, the first the farthest from the points' mean (greedy k-centre, as PatchCore has it: Roth et
/// al. 2022). All points where they are no more than the members; fewer members, but at
/// least one, where the others coincide with them.
/// @param points  {N, D} on the CPU
std::vector<std::int64_t> coreset(const torch::Tensor &points, const CoresetOptions &options);

} // namespace mirra::trainer
