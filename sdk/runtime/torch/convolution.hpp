// Convolutions of compiled graphs: oneDNN's, fused with what follows them, on weights packed for their
// inputs.
#pragma once

#include "mirra/graph.hpp"
#include "runtime/rows/winograd.hpp"

#include <ATen/core/TensorBody.h>

#include <list>
#include <mutex>
#include <optional>
#include <vector>

namespace mirra::runtime {

struct CompiledStep;

/// A convolution's weight in the layout that its kernel reads, kept for the sizes of inputs seen last: for
/// one, or, where several steps have it in common, for up to kPackedSizes. With a weight packed for another
/// size results are the same, but oneDNN reorders it at every call, by its reference code, which costs many
/// times the convolution. Thread-safe; on the processor only.
class PackedWeight {
  public:
    /// @param weight  channels-last, in the type to compute in
    PackedWeight(graph::Node node, at::Tensor weight);
    /// For filters_by_winograd(). @param bias  in fp32; undefined: none
    PackedWeight(graph::Node node, at::Tensor weight, at::Tensor bias);
    /// One step more has it.
    void share() { ++steps_; }
    at::Tensor fitting(at::IntArrayRef input_size);
    /// Null where an input of this size is better computed by oneDNN.
    const WinogradFilter *winograd_for(at::IntArrayRef input_size);

  private:
    struct Packed {
        std::vector<std::int64_t> input_size;
        at::Tensor weight;
    };

    const graph::Node node_;
    const at::Tensor weight_, bias_;
    const bool by_winograd_ = false;
    std::size_t steps_ = 1;
    std::mutex mutex_;
    std::optional<WinogradFilter> winograd_;
    std::list<Packed> packed_; ///< the one used last comes first
};

/// What oneDNN makes of each value of a convolution's result.
struct Following {
    const char *name = "none";
    std::vector<double> scalars = {};
    const char *form = nullptr; ///< of several of one name
};

/// conv2d or conv_transpose2d by oneDNN; the input channels-last.
at::Tensor fused_convolution(const graph::Node &node, const at::Tensor &x, const at::Tensor &weight,
                             const at::Tensor &bias, const Following &after = {});

/// conv2d(x) + addend, with ReLU if asked for, written over `addend`, which is returned.
at::Tensor fused_convolution_add(const graph::Node &node, at::Tensor addend, const at::Tensor &x,
                                 const at::Tensor &weight, const at::Tensor &bias, bool relu);

/// conv2d(x) by minimal filtering, with ReLU if asked for.
/// @param x       channels-last, in fp32
/// @param result  channels-last, of the result's shape; with `add`, holds what is added
void winograd_convolution(const WinogradFilter &filter, const at::Tensor &x, const at::Tensor &result,
                          bool add, bool relu);

/// The step's convolution without what is added to it, by whichever kernel it was compiled for, and the
/// function of each value that follows.
/// @param x     channels-last, in the type that the step was compiled for
/// @param relu  whether the result goes through a ReLU
at::Tensor convolve(const CompiledStep &step, const at::Tensor &x, bool relu);

} // namespace mirra::runtime
