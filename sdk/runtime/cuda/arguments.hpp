// What a call of the kernels' table refuses, the same for the module and for the processor's twins.
#pragma once

#include "runtime/cuda/kernels.h"

namespace mirra::cuda {

/// Each: 0, or the error.
int32_t check_image(const mirra_cuda_image &image);
int32_t check_gather(const mirra_cuda_image *image, const mirra_cuda_tile *tile,
                     const mirra_cuda_gathering *gathering);
int32_t check_scatter(const mirra_cuda_tile *tile, const mirra_cuda_core *core,
                      const mirra_cuda_image *source, const mirra_cuda_image *image);
int32_t check_haar(const mirra_cuda_haar *haar, bool synthesis);
int32_t check_moments(const mirra_cuda_moments *moments);
int32_t check_transform(const mirra_cuda_transform *transform);

/// What an error of the module's own means; NULL for those of CUDA.
const char *own_error_text(int32_t error);

} // namespace mirra::cuda
