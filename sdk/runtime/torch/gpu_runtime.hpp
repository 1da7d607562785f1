// Pixels to and from a device by the kernels, in memory of LibTorch.
#pragma once

#include "runtime/cuda/gpu_runtime.hpp"

namespace mirra::runtime {

GpuRuntime &torch_gpu_runtime();

} // namespace mirra::runtime
