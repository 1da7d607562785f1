// LibTorch's fused oneDNN convolutions, reached through its dispatcher.
#pragma once

#include "mirra/graph.hpp"

#include <ATen/core/TensorBody.h>

namespace mirra::runtime {

/// Reorders a convolution's weight into the layout that its kernel reads for an input of this size,
/// channels-last. With a weight packed for another size results are the same, and oneDNN reorders it at every
/// call: by its reference code, which costs many times the convolution.
at::Tensor pack_weight(const graph::Node &node, const at::Tensor &weight, at::IntArrayRef input_size);

/// conv2d or conv_transpose2d, with ReLU if asked for; the input channels-last.
at::Tensor fused_convolution(const graph::Node &node, const at::Tensor &x, const at::Tensor &weight,
                             const at::Tensor &bias, bool relu);

/// conv2d(x) + addend, with ReLU if asked for, written over `addend`, which is returned.
at::Tensor fused_convolution_add(const graph::Node &node, at::Tensor addend, const at::Tensor &x,
                                 const at::Tensor &weight, const at::Tensor &bias, bool relu);

} // namespace mirra::runtime
