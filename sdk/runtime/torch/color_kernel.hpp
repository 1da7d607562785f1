// Rows of three-channel pictures: plain loops, no LibTorch, vectorised per processor at run time.
#pragma once

#include <array>
#include <cstdint>

namespace mirra::runtime {

/// A 3x3 convolution of three channels to three. An interleaved row is seen as one line of values: output j
/// is a sum over line positions j - 5 to j + 5 of three rows, with coefficients that repeat every three
/// values; kBlock of them fill whole vectors.
struct ColorFilter {
    static constexpr std::int64_t kReach = 5, kTaps = 2 * kReach + 1, kBlock = 24;
    /// Values that a row must have before and behind it.
    static constexpr std::int64_t kMargin = kReach + kBlock;
    std::array<std::array<std::array<float, kBlock>, kTaps>, 3> taps{};
    std::array<float, kBlock> bias{};

    /// @param weight  [3][3][3][3]: output, input, row, column   @param bias  [3]
    static ColorFilter make(const float *weight, const float *bias);
};

/// One output row of finite inputs (an infinite one reaches a pixel further). `rows` are the row above, at
/// and below: `width` interleaved pixels each, with kMargin values on both sides, which count in as the
/// picture's surroundings.
void color_filter_row(const ColorFilter &filter, const std::array<const float *, 3> &rows, bool relu,
                      float *out, std::int64_t width);

/// out[x][c] = in[x * pixel_stride + c * channel_stride] * scale[c] + offset[c]
void affine_row(const float *in, std::int64_t pixel_stride, std::int64_t channel_stride, const float *scale,
                const float *offset, float *out, std::int64_t width, std::int64_t channels);

} // namespace mirra::runtime
