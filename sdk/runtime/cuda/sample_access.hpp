// Samples of a picture by the type that it states.
#pragma once

#include "mirra/samples.hpp"
#include "runtime/cuda/kernels.h"

namespace mirra::cuda {

/// Places that a launch has checked; says so to the compiler, which reads byte by byte otherwise.
template<std::ptrdiff_t kBytes> MIRRA_HOST_DEVICE inline const std::byte *aligned(const std::byte *at) {
#ifdef __CUDA_ARCH__
    return static_cast<const std::byte *>(__builtin_assume_aligned(at, kBytes));
#else
    return at;
#endif
}
template<std::ptrdiff_t kBytes> MIRRA_HOST_DEVICE inline std::byte *aligned(std::byte *at) {
#ifdef __CUDA_ARCH__
    return static_cast<std::byte *>(__builtin_assume_aligned(at, kBytes));
#else
    return at;
#endif
}

template<class Sample> MIRRA_HOST_DEVICE inline float load(const std::byte *at) {
    return Sample::load(aligned<Sample::kBytes>(at));
}
template<class Sample> MIRRA_HOST_DEVICE inline void store(std::byte *at, float value) {
    Sample::store(aligned<Sample::kBytes>(at), value);
}

/// Calls `function` with the one of U8, U16, SwappedU16, F16 and F32 that stands for `sample`.
template<class Function>
MIRRA_HOST_DEVICE inline decltype(auto) with_sample(std::int32_t sample, const Function &function) {
    switch (sample) {
    case MIRRA_CUDA_U8:
        return function(samples::U8{});
    case MIRRA_CUDA_U16:
        return function(samples::U16{});
    case MIRRA_CUDA_U16_SWAPPED:
        return function(samples::SwappedU16{});
    case MIRRA_CUDA_F16:
        return function(samples::F16{});
    default:
        return function(samples::F32{});
    }
}

MIRRA_HOST_DEVICE inline std::byte *place(const mirra_cuda_image &image, int channel, std::int64_t x,
                                          std::int64_t y) {
    return static_cast<std::byte *>(image.data[channel]) + x * image.x_stride + y * image.y_stride;
}
MIRRA_HOST_DEVICE inline bool has_alpha(const mirra_cuda_image &image) {
    return image.channels == 2 || image.channels == 4;
}
MIRRA_HOST_DEVICE inline int color_channels(const mirra_cuda_image &image) {
    return image.channels >= 3 ? 3 : 1;
}
MIRRA_HOST_DEVICE inline int color_channels(const mirra_cuda_tile &tile) {
    return tile.channels - (tile.with_alpha != 0 ? 1 : 0);
}

} // namespace mirra::cuda
