// One pixel of a tile out of a picture: samples to values of a network's input.
#pragma once

#include "mirra/srgb_curve.hpp"
#include "runtime/cuda/border.hpp"
#include "runtime/cuda/sample_access.hpp"
#include "runtime/cuda/tensor_values.hpp"

#include <cmath>

namespace mirra::cuda {

struct Pixel {
    float values[4]; ///< colours, then alpha where a tile has it
};

/// The colours at a place of the picture as the tile has them; as image::gather.
template<class Sample>
MIRRA_HOST_DEVICE inline Pixel load_colors(const mirra_cuda_image &image, std::int64_t x, std::int64_t y,
                                           int channels) {
    const float first = load<Sample>(place(image, 0, x, y));
    if (color_channels(image) == 1) return {{first, first, first, 0}};
    const float second = load<Sample>(place(image, 1, x, y)), third = load<Sample>(place(image, 2, x, y));
    if (channels == 1) return {{(first + second + third) / 3.0F, 0, 0, 0}};
    return {{first, second, third, 0}};
}

/// The colour behind a premultiplied one, however little alpha is.
MIRRA_HOST_DEVICE inline float unpremultiplied(float value, float alpha, float most) {
    if (!(alpha > 0)) return 0.0F;
    const float straight = value / alpha;
    if (straight < -most) return -most;
    return most < straight ? most : straight;
}

/// @param column, row  of the tile
template<class Sample>
MIRRA_HOST_DEVICE inline Pixel gathered_pixel(const mirra_cuda_image &image, const mirra_cuda_tile &tile,
                                              const mirra_cuda_gathering &gathering, std::int64_t column,
                                              std::int64_t row) {
    const std::int64_t x = within(tile.x + column, image.width, gathering.border),
                       y = within(tile.y + row, image.height, gathering.border);
    const int colors = color_channels(tile);
    Pixel pixel = load_colors<Sample>(image, x, y, colors);
    const float alpha = has_alpha(image) ? load<Sample>(place(image, image.channels - 1, x, y)) : 1.0F;
    const float most = tile.unbounded != 0 ? samples::kLargestHalf : 1.0F;
    for (int c = 0; c < colors; ++c) {
        float &value = pixel.values[c];
        if (image.alpha == MIRRA_CUDA_PREMULTIPLIED) value = unpremultiplied(value, alpha, most);
        if (image.linear != 0) value = image::encode_srgb(value);
    }
    if (tile.with_alpha != 0) pixel.values[colors] = alpha;
    for (int c = 0; c < tile.channels; ++c)
        pixel.values[c] = std::fma(pixel.values[c], gathering.scale[c], gathering.offset[c]);
    return pixel;
}

/// Puts it where the tile has it.
template<class Sample, class Values>
MIRRA_HOST_DEVICE inline void gather_pixel(const mirra_cuda_image &image, const mirra_cuda_tile &tile,
                                           const mirra_cuda_gathering &gathering, std::int64_t column,
                                           std::int64_t row) {
    const Pixel pixel = gathered_pixel<Sample>(image, tile, gathering, column, row);
    auto *const to =
        static_cast<typename Values::Stored *>(tile.values) + (row * tile.width + column) * tile.channels;
    for (int c = 0; c < tile.channels; ++c) to[c] = Values::store(pixel.values[c]);
}

} // namespace mirra::cuda
