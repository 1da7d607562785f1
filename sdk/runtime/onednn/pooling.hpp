// The mean and the greatest of windows of pixels.
#pragma once

#include "runtime/rows/bfloat16.hpp"

#include <cstdint>

namespace mirra::runtime::onednn {

/// Pixels of a picture, channels side by side. Strides in values.
template<class T> struct Window {
    const T *values;
    std::int64_t rows, columns, row_stride, pixel_stride;
    /// The same pixels, from a channel on.
    [[nodiscard]] Window from(std::int64_t channel) const {
        return {values + channel, rows, columns, row_stride, pixel_stride};
    }
};

/// out = factor * (sum of the pixels), by channel; summed in fp32, row by row.
void sum_up(const Window<float> &window, float factor, float *out, std::int64_t channels);
void sum_up(const Window<Bf16> &window, float factor, Bf16 *out, std::int64_t channels);

/// The greatest of the pixels, by channel, where what is no number beats numbers.
void keep_greatest(const Window<float> &window, float *out, std::int64_t channels);
void keep_greatest(const Window<Bf16> &window, Bf16 *out, std::int64_t channels);

} // namespace mirra::runtime::onednn
