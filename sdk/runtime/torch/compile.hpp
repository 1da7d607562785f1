// A lowered program with its weights: folded, cast, packed.
#pragma once

#include "mirra/runtime.hpp"
#include "runtime/plan/program.hpp"

#include <ATen/core/TensorBody.h>

#include <map>
#include <string>
#include <vector>

namespace mirra::runtime {

struct CompiledStep {
    Step step;
    at::Tensor weight, bias;                  ///< of a convolution, batch norm folded in
    bool packed = false;                      ///< weight is in oneDNN's own layout
    std::map<std::string, at::Tensor> others; ///< weights of any other op, by role
    at::Tensor scale, offset;                 ///< of normalise
};

/// @throws Error not_found | mismatch (weights)
std::vector<CompiledStep> compile_steps(const graph::Graph &graph, const WeightSource &weights,
                                        const c10::Device &device, at::ScalarType type);

} // namespace mirra::runtime
