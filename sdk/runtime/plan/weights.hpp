// What the weights of a compiled graph take. No LibTorch.
#pragma once

#include "mirra/tiling.hpp"
#include "runtime/plan/program.hpp"

namespace mirra::runtime {

/// Counted as the compiler shares them: by weight_key(), packing_key() and name.
/// @param gradient  whether it is compiled for gradients, which have weights of their own
WeightBytes weight_bytes(const graph::Graph &graph, const Program &program, Precision precision,
                         bool gradient);

} // namespace mirra::runtime
