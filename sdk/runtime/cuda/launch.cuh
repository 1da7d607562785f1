// What the files of kernels share: blocks of threads, streams, and the functions of the table.
#pragma once

#include "runtime/cuda/kernels.h"

#include <cstdint>

#include <cuda_runtime.h>

namespace mirra::cuda {

inline cudaStream_t as_stream(void *stream) {
    return static_cast<cudaStream_t>(stream);
}

inline constexpr unsigned kThreads = 256;

/// Blocks of kThreads for `count` items; threads go on to further items where that is beyond what a grid may
/// be.
inline unsigned blocks_for(std::int64_t count) {
    constexpr std::int64_t kMost = 0x7fffffff;
    const std::int64_t blocks = (count + kThreads - 1) / kThreads;
    return static_cast<unsigned>(blocks < kMost ? blocks : kMost);
}

/// Calls body(item) for all items of a grid.
template<class Body> __device__ void for_items(std::int64_t count, const Body &body) {
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
         i += step)
        body(i);
}

int32_t gather_tile(const mirra_cuda_image *image, const mirra_cuda_tile *tile,
                    const mirra_cuda_gathering *gathering, void *stream);
int32_t scatter_tile(const mirra_cuda_tile *tile, const mirra_cuda_core *core, const mirra_cuda_image *source,
                     const mirra_cuda_image *image, void *stream);
int32_t haar_analysis(const mirra_cuda_haar *haar, void *stream);
int32_t haar_synthesis(const mirra_cuda_haar *haar, void *stream);
int64_t moments_workspace(int64_t channels, int64_t count);
int32_t add_moments(const mirra_cuda_moments *moments, void *stream);
int32_t apply_transform(const mirra_cuda_transform *transform, void *stream);

} // namespace mirra::cuda
