// Loops over the values of a row, compiled for several instruction sets.
#pragma once

#include "runtime/onednn/block.hpp"

namespace mirra::runtime::onednn {

/// How the second of two values goes with the first.
enum class Partner : std::uint8_t { value, channel, place };

/// Pixels of so many channels that lie `stride` values apart.
template<class T> struct Pixels {
    T *values;
    std::int64_t stride;
};

/// out = in * scale + offset, by channel.
void affine_row(Pixels<const float> in, const float *scale, const float *offset, Pixels<float> out,
                std::int64_t width, std::int64_t channels);
void affine_row(Pixels<const Bf16> in, const float *scale, const float *offset, Pixels<Bf16> out,
                std::int64_t width, std::int64_t channels);
void affine_row(Pixels<const Bf16> in, const float *scale, const float *offset, Pixels<float> out,
                std::int64_t width, std::int64_t channels);

/// in > 0 ? in : in * slope, by channel. What is no number stays so.
void prelu_row(Pixels<const float> in, const float *slope, Pixels<float> out, std::int64_t width,
               std::int64_t channels);
void prelu_row(Pixels<const Bf16> in, const float *slope, Pixels<Bf16> out, std::int64_t width,
               std::int64_t channels);

/// out = a + b, or a * b. `b` is a row of pixels, of one channel each (place), or one pixel (channel).
void add_row(Pixels<const float> a, Pixels<const float> b, Partner partner, Pixels<float> out,
             std::int64_t width, std::int64_t channels);
void add_row(Pixels<const Bf16> a, Pixels<const Bf16> b, Partner partner, Pixels<Bf16> out,
             std::int64_t width, std::int64_t channels);
void multiply_row(Pixels<const float> a, Pixels<const float> b, Partner partner, Pixels<float> out,
                  std::int64_t width, std::int64_t channels);
void multiply_row(Pixels<const Bf16> a, Pixels<const Bf16> b, Partner partner, Pixels<Bf16> out,
                  std::int64_t width, std::int64_t channels);

} // namespace mirra::runtime::onednn
