// Enlarging by bilinear interpolation, for inference and for autograd.
#pragma once

#include <ATen/core/TensorBody.h>

namespace mirra::runtime {

/// [N, C, H, W] -> [N, C, factor H, factor W], between the middles of the pixels (align_corners = false); the
/// edges of the picture count on beyond it. On the CPU a pixel of the result follows from its two by two
/// pixels and its place among them alone, so that it is the same in every tile.
at::Tensor upsample_bilinear(const at::Tensor &x, std::int64_t factor);

/// The same with gradients.
at::Tensor upsample_bilinear_autograd(const at::Tensor &x, std::int64_t factor);

} // namespace mirra::runtime
