// A picture as the kernels for GPUs take it.
#pragma once

#include "mirra/image.hpp"
#include "runtime/cuda/kernels.h"

namespace mirra::cuda {

static_assert(static_cast<int>(image::SampleType::u8) == MIRRA_CUDA_U8 &&
              static_cast<int>(image::SampleType::u16) == MIRRA_CUDA_U16 &&
              static_cast<int>(image::SampleType::u16_swapped) == MIRRA_CUDA_U16_SWAPPED &&
              static_cast<int>(image::SampleType::f16) == MIRRA_CUDA_F16 &&
              static_cast<int>(image::SampleType::f32) == MIRRA_CUDA_F32);
static_assert(static_cast<int>(image::AlphaMode::none) == MIRRA_CUDA_OPAQUE &&
              static_cast<int>(image::AlphaMode::straight) == MIRRA_CUDA_STRAIGHT &&
              static_cast<int>(image::AlphaMode::premultiplied) == MIRRA_CUDA_PREMULTIPLIED);

/// @param view  that is only read where it is constant
inline mirra_cuda_image described(const image::ConstImageView &view) {
    mirra_cuda_image out{};
    for (std::int32_t c = 0; c < view.channels; ++c)
        out.data[c] = const_cast<std::byte *>(view.data[static_cast<std::size_t>(c)]);
    out.x_stride = view.x_stride;
    out.y_stride = view.y_stride;
    out.width = view.width;
    out.height = view.height;
    out.channels = view.channels;
    out.sample = static_cast<std::int32_t>(view.sample);
    out.alpha = static_cast<std::int32_t>(view.alpha);
    out.linear = view.transfer == image::Transfer::linear ? 1 : 0;
    return out;
}

} // namespace mirra::cuda
