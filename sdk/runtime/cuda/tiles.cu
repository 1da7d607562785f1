// Tiles out of pictures and back: a thread a pixel.
#include "runtime/cuda/arguments.hpp"
#include "runtime/cuda/launch.cuh"
#include "runtime/cuda/tile_gather.hpp"
#include "runtime/cuda/tile_scatter.hpp"

namespace mirra::cuda {
namespace {

template<class Sample, class Values>
__global__ void __launch_bounds__(kThreads)
    gather_kernel(mirra_cuda_image image, mirra_cuda_tile tile, mirra_cuda_gathering gathering) {
    for_items(std::int64_t{tile.width} * tile.height, [&](std::int64_t i) {
        gather_pixel<Sample, Values>(image, tile, gathering, i % tile.width, i / tile.width);
    });
}

template<class Sample, class Values>
__global__ void __launch_bounds__(kThreads) scatter_kernel(mirra_cuda_tile tile, mirra_cuda_core core,
                                                           mirra_cuda_image source, mirra_cuda_image image) {
    for_items(std::int64_t{core.width} * core.height, [&](std::int64_t i) {
        scatter_pixel<Sample, Values>(tile, source, image, core.x + i % core.width, core.y + i / core.width);
    });
}

/// Calls `function` with the types of an image's samples and of a tile's values.
template<class Function>
int32_t with_types(std::int32_t sample, std::int32_t type, const Function &function) {
    with_sample(sample, [&](auto of_image) {
        if (type == MIRRA_CUDA_HALF) return function(of_image, Half{});
        return function(of_image, Float{});
    });
    return cudaGetLastError();
}

} // namespace

int32_t gather_tile(const mirra_cuda_image *image, const mirra_cuda_tile *tile,
                    const mirra_cuda_gathering *gathering, void *stream) {
    if (const int32_t error = check_gather(image, tile, gathering); error != 0) return error;
    return with_types(image->sample, tile->type, [&](auto sample, auto values) {
        const unsigned blocks = blocks_for(std::int64_t{tile->width} * tile->height);
        gather_kernel<decltype(sample), decltype(values)>
            <<<blocks, kThreads, 0, as_stream(stream)>>>(*image, *tile, *gathering);
    });
}

int32_t scatter_tile(const mirra_cuda_tile *tile, const mirra_cuda_core *core, const mirra_cuda_image *source,
                     const mirra_cuda_image *image, void *stream) {
    if (const int32_t error = check_scatter(tile, core, source, image); error != 0) return error;
    const mirra_cuda_image from = source == nullptr ? mirra_cuda_image{} : *source;
    return with_types(image->sample, tile->type, [&](auto sample, auto values) {
        const unsigned blocks = blocks_for(std::int64_t{core->width} * core->height);
        scatter_kernel<decltype(sample), decltype(values)>
            <<<blocks, kThreads, 0, as_stream(stream)>>>(*tile, *core, from, *image);
    });
}

} // namespace mirra::cuda
