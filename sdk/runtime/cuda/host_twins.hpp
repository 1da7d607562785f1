// The kernels' twins on the processor: the same table over the same bodies, so that every line of arithmetic
// is tested where there is no GPU. Not meant to be quick.
#pragma once

#include "runtime/cuda/kernels.h"

namespace mirra::cuda {

const mirra_cuda_kernels &host_twins();

} // namespace mirra::cuda
