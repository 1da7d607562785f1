// A lowered program with its weights: folded, cast, to be packed.
#pragma once

#include "mirra/runtime.hpp"
#include "runtime/plan/program.hpp"
#include "runtime/torch/color_kernel.hpp"

#include <ATen/core/TensorBody.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::runtime {

class PackedWeight;

/// Steps whose weights follow from the same tensors of the bundle in the same way have them in common.
struct CompiledStep {
    Step step;
    graph::Node node;                     ///< what to compute: the graph's, or one that stands for it
    at::Tensor weight, bias;              ///< of a convolution, batch norm folded in; no bias with `color`
    std::shared_ptr<PackedWeight> packed; ///< the weight for oneDNN; null where another library convolves
    std::string packing;                  ///< its key: steps with one key have one convolution
    std::shared_ptr<const ColorFilter> color; ///< the convolution, if color_convolution() computes it
    std::int64_t phases_of = 0;               ///< channels to join the result's phases to; 0: it has none
    std::map<std::string, at::Tensor> others; ///< weights of any other op, by role
    at::Tensor scale, offset;                 ///< of normalise
};

/// @throws Error not_found | mismatch (weights)
std::vector<CompiledStep> compile_steps(const graph::Graph &graph, const WeightSource &weights,
                                        const c10::Device &device, at::ScalarType type);

} // namespace mirra::runtime
