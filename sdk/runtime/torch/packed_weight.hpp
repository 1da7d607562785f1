// A convolution's weight, packed for the inputs that it meets.
#pragma once

#include "mirra/graph.hpp"

#include <ATen/core/TensorBody.h>

#include <list>
#include <mutex>
#include <vector>

namespace mirra::runtime {

/// Keeps the weight packed for the sizes of inputs seen last: for one, or, where several steps have it in
/// common, for up to kPackedSizes. Repacking costs less than one run with a layout that does not fit.
/// Thread-safe; on the processor only.
class PackedWeight {
  public:
    /// @param weight  channels-last, in the type to compute in
    PackedWeight(graph::Node node, at::Tensor weight);
    /// One step more has it.
    void share() { ++steps_; }
    at::Tensor fitting(at::IntArrayRef input_size);

  private:
    struct Packed {
        std::vector<std::int64_t> input_size;
        at::Tensor weight;
    };

    const graph::Node node_;
    const at::Tensor weight_;
    std::size_t steps_ = 1;
    std::mutex mutex_;
    std::list<Packed> packed_; ///< the one used last comes first
};

} // namespace mirra::runtime
