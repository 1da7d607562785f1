// One pixel of a picture out of a tile: values of a network's output to samples.
#pragma once

#include "mirra/srgb_curve.hpp"
#include "runtime/cuda/sample_access.hpp"
#include "runtime/cuda/tensor_values.hpp"

namespace mirra::cuda {

/// What a sample's type is where values may lie beyond [0, 1].
template<class Sample> struct Unbounded {
    using Type = Sample;
};
template<> struct Unbounded<samples::F16> {
    using Type = samples::UnboundedF16;
};
template<> struct Unbounded<samples::F32> {
    using Type = samples::UnboundedF32;
};

/// Of a pixel of the picture that a tile comes from; as image::copy_alpha.
MIRRA_HOST_DEVICE inline float source_alpha(const mirra_cuda_image &source, std::int64_t x, std::int64_t y) {
    if (!has_alpha(source)) return 1.0F;
    const std::byte *const at = place(source, source.channels - 1, x, y);
    return with_sample(source.sample, [&](auto sample) { return load<decltype(sample)>(at); });
}

/// As image::scatter: three channels become gray by their mean, one is replicated.
template<class Sample>
MIRRA_HOST_DEVICE inline void store_colors(const mirra_cuda_image &image, std::int64_t x, std::int64_t y,
                                           const float *values, int channels) {
    if (color_channels(image) == 1) {
        float value = values[0];
        if (channels == 3)
            value =
                (Sample::bounded(values[0]) + Sample::bounded(values[1]) + Sample::bounded(values[2])) / 3.0F;
        return store<Sample>(place(image, 0, x, y), value);
    }
    for (int c = 0; c < 3; ++c) store<Sample>(place(image, c, x, y), values[channels == 3 ? c : 0]);
}

MIRRA_HOST_DEVICE inline float premultiplied(float value, float alpha, bool unbounded) {
    if (!unbounded && value < 0.0F) value = 0.0F;
    if (!unbounded && 1.0F < value) value = 1.0F;
    return value * alpha;
}

/// @param x, y  in the picture, within the tile. Alpha is put down first, and colours are premultiplied by it
/// as it was rounded.
template<class Sample, class Values>
MIRRA_HOST_DEVICE inline void scatter_pixel(const mirra_cuda_tile &tile, const mirra_cuda_image &source,
                                            const mirra_cuda_image &image, std::int64_t x, std::int64_t y) {
    const auto *const from = static_cast<const typename Values::Stored *>(tile.values) +
                             ((y - tile.y) * tile.width + x - tile.x) * tile.channels;
    const int colors = color_channels(tile);
    float values[3] = {0, 0, 0};
    for (int c = 0; c < colors; ++c) values[c] = Values::load(from[c]);
    float alpha = 1.0F;
    if (has_alpha(image)) {
        std::byte *const at = place(image, image.channels - 1, x, y);
        store<Sample>(at, tile.with_alpha != 0 ? Values::load(from[colors]) : source_alpha(source, x, y));
        alpha = load<Sample>(at);
    }
    for (int c = 0; c < colors; ++c) {
        if (image.linear != 0) values[c] = image::decode_srgb(values[c]);
        if (image.alpha == MIRRA_CUDA_PREMULTIPLIED)
            values[c] = premultiplied(values[c], alpha, tile.unbounded != 0);
    }
    if (tile.unbounded != 0)
        return store_colors<typename Unbounded<Sample>::Type>(image, x, y, values, colors);
    store_colors<Sample>(image, x, y, values, colors);
}

} // namespace mirra::cuda
