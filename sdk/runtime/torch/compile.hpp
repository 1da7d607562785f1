// A lowered program with its weights: batch norm folded in, cast, to be packed.
#pragma once

#include "mirra/runtime.hpp"
#include "runtime/plan/program.hpp"
#include "runtime/torch/few_channels.hpp"

#include <ATen/core/TensorBody.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mirra::runtime {

class Adjoint;
class PackedWeight;

/// A step of a program, ready to run. Steps whose weights follow from the same tensors of the bundle in the
/// same way have them in common.
struct CompiledStep {
    enum class Kind : std::uint8_t { convolution, normalise, image_range, other };

    Step step;
    graph::Node node; ///< what to compute: the graph's, or one that stands for it
    Kind kind = Kind::other;

    at::Tensor weight, bias;              ///< of a convolution; no bias with `filter`
    std::shared_ptr<PackedWeight> packed; ///< the weight for oneDNN; null where another library convolves
    std::string packing;                  ///< its key: steps with one key have one convolution
    std::shared_ptr<const ThreeChannelFilter> filter; ///< the convolution, if it is of three channels
    std::optional<graph::Node> curve;       ///< the function of each value that follows the convolution
    std::int64_t phases_of = 0;             ///< channels to join the result's phases to; 0: it has none
    std::shared_ptr<const Adjoint> adjoint; ///< the way back through it; null unless compiled for gradients

    at::Tensor scale, offset;                 ///< of normalise
    std::map<std::string, at::Tensor> others; ///< weights of any other op, by role
};

/// @throws Error not_found | mismatch (weights)
std::vector<CompiledStep> compile_steps(const graph::Graph &graph, const WeightSource &weights,
                                        const c10::Device &device, at::ScalarType type);
/// The same in fp32, with adjoints.
std::vector<CompiledStep> compile_differentiable(const graph::Graph &graph, const WeightSource &weights,
                                                 const c10::Device &device);

} // namespace mirra::runtime
