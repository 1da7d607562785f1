// The way back through a compiled convolution: from the gradient of its result to that of its input, itself a
// convolution, with weights packed as those of the way forward.
#pragma once

#include "runtime/torch/compile.hpp"

namespace mirra::runtime {

/// Thread-safe once compiled.
class Adjoint {
  public:
    explicit Adjoint(const CompiledStep &convolution);
    /// One step more has it.
    void share();

    /// @param gradient    of the convolution's result, before what is added to it
    /// @param input_size  of the convolution's input
    /// @returns of the input's size
    [[nodiscard]] at::Tensor apply(const at::Tensor &gradient, at::IntArrayRef input_size) const;

  private:
    enum class Kind : std::uint8_t {
        three_channels, ///< 3x3 between three channels
        convolution,    ///< a convolution of the gradient
        phases,         ///< the same, of the four phases of each doubled position
        blocks,         ///< a convolution whose channels are the pixels of blocks
        general         ///< LibTorch's own
    };
    static Kind kind_of(const CompiledStep &convolution);
    void convolve_back(const at::Tensor &weight, std::int64_t stride, std::int64_t padding);
    [[nodiscard]] at::Tensor general(const at::Tensor &gradient, at::IntArrayRef input_size) const;

    Kind kind_;
    graph::Node forward_, back_;
    at::Tensor weight_; ///< of the way back; of the way forward for `general`
    std::shared_ptr<PackedWeight> packed_;
    std::optional<ThreeChannelFilter> filter_;
};

} // namespace mirra::runtime
