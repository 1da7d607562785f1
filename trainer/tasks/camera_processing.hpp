// What cameras and files do to a picture after its noise came in: it makes noise correlated between pixels.
#pragma once

#include "runtime/torch/libtorch.hpp"

namespace mirra::trainer {

/// BT.601's luma. @param pictures  [N, 3, H, W] @return [N, 1, H, W]
torch::Tensor luma(const torch::Tensor &pictures);

/// The picture as bilinear interpolation of its Bayer mosaic (red at even rows and columns) gives it.
/// Linear. @param pictures  [N, 3, H, W], H and W at least 2
torch::Tensor demosaiced(const torch::Tensor &pictures);

/// The picture with the chroma of JPEG's YCbCr (BT.601) at half the width and, where `rows` too, half the
/// height: 4:2:2 or 4:2:0, means of pixels, interpolated linearly. Linear.
/// @param pictures  [N, 3, H, W], H and W even
torch::Tensor chroma_subsampled(const torch::Tensor &pictures, bool rows);

} // namespace mirra::trainer
