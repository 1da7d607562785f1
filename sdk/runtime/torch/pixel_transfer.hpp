// Pixels to and from a device by the kernels, in memory of LibTorch.
#pragma once

#include "runtime/cuda/pixel_transfer.hpp"

namespace mirra::runtime {

PixelTransfer &torch_pixel_transfer();

} // namespace mirra::runtime
