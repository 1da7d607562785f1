// A convolution's weight, packed for the inputs that it meets.
#pragma once

#include "mirra/graph.hpp"

#include <ATen/core/TensorBody.h>

#include <mutex>
#include <vector>

namespace mirra::runtime {

/// Keeps the weight packed for the input's size seen last: repacking costs less than one run with a layout
/// that does not fit. Thread-safe; on the processor only.
class PackedWeight {
  public:
    /// @param weight  channels-last, in the type to compute in
    PackedWeight(graph::Node node, at::Tensor weight);
    at::Tensor fitting(at::IntArrayRef input_size);

  private:
    const graph::Node node_;
    const at::Tensor weight_;
    std::mutex mutex_;
    std::vector<std::int64_t> input_size_;
    at::Tensor packed_;
};

} // namespace mirra::runtime
