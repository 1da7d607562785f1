#include "runtime/onednn/row_kernels.hpp"

#include "runtime/rows/per_processor.hpp"
#include "runtime/rows/vectors.hpp"

#include <algorithm>

namespace mirra::runtime::onednn {
namespace {

constexpr std::int64_t kFewChannels = 8, kPixelsAtOnce = 16;

/// Of pixels side by side whose channels do not fill a vector: several pixels at a time.
template<class T, class Y>
MIRRA_INLINE void affine_of_few(const T *in, const float *scale, const float *offset, Y *out,
                                std::int64_t width, std::int64_t channels) {
    float scales[kFewChannels * kPixelsAtOnce], offsets[kFewChannels * kPixelsAtOnce];
    for (std::int64_t x = 0; x < kPixelsAtOnce; ++x)
        for (std::int64_t c = 0; c < channels; ++c) {
            scales[x * channels + c] = scale[c];
            offsets[x * channels + c] = offset[c];
        }
    const std::int64_t step = kPixelsAtOnce * channels;
    for (std::int64_t begin = 0; begin < width * channels; begin += step) {
        const auto count = std::min(step, width * channels - begin);
        MIRRA_INDEPENDENT
        for (std::int64_t i = 0; i < count; ++i)
            out[begin + i] = Y(static_cast<float>(in[begin + i]) * scales[i] + offsets[i]);
    }
}

template<class T, class Y>
MIRRA_INLINE void affine(Pixels<const T> in, const float *scale, const float *offset, Pixels<Y> out,
                         std::int64_t width, std::int64_t channels) {
    if (channels <= kFewChannels && in.stride == channels && out.stride == channels)
        return affine_of_few(in.values, scale, offset, out.values, width, channels);
    for (std::int64_t x = 0; x < width; ++x, in.values += in.stride, out.values += out.stride) {
        MIRRA_INDEPENDENT
        for (std::int64_t c = 0; c < channels; ++c)
            out.values[c] = Y(static_cast<float>(in.values[c]) * scale[c] + offset[c]);
    }
}

template<class T>
MIRRA_INLINE void prelu(Pixels<const T> in, const float *slope, Pixels<T> out, std::int64_t width,
                        std::int64_t channels) {
    for (std::int64_t x = 0; x < width; ++x, in.values += in.stride, out.values += out.stride) {
        MIRRA_INDEPENDENT
        for (std::int64_t c = 0; c < channels; ++c) {
            const auto value = static_cast<float>(in.values[c]);
            const float below = value < 0 ? value * slope[c] : value;
            out.values[c] = T(value > 0 ? value : below);
        }
    }
}

template<class T, class Function>
MIRRA_INLINE void paired(Pixels<const T> a, Pixels<const T> b, Partner partner, Pixels<T> out,
                         std::int64_t width, std::int64_t channels, const Function &function) {
    const std::int64_t step = partner == Partner::channel ? 0 : b.stride;
    for (std::int64_t x = 0; x < width;
         ++x, a.values += a.stride, b.values += step, out.values += out.stride) {
        if (partner == Partner::place) {
            const auto second = static_cast<float>(b.values[0]);
            MIRRA_INDEPENDENT
            for (std::int64_t c = 0; c < channels; ++c)
                out.values[c] = T(function(static_cast<float>(a.values[c]), second));
        } else {
            MIRRA_INDEPENDENT
            for (std::int64_t c = 0; c < channels; ++c)
                out.values[c] = T(function(static_cast<float>(a.values[c]), static_cast<float>(b.values[c])));
        }
    }
}

constexpr auto kSum = [](float a, float b) __attribute__((always_inline)) {
    return a + b;
};
constexpr auto kProduct = [](float a, float b) __attribute__((always_inline)) {
    return a * b;
};

} // namespace

MIRRA_PER_PROCESSOR void affine_row(Pixels<const float> in, const float *scale, const float *offset,
                                    Pixels<float> out, std::int64_t width, std::int64_t channels) {
    affine(in, scale, offset, out, width, channels);
}
MIRRA_PER_PROCESSOR void affine_row(Pixels<const Bf16> in, const float *scale, const float *offset,
                                    Pixels<Bf16> out, std::int64_t width, std::int64_t channels) {
    affine(in, scale, offset, out, width, channels);
}
MIRRA_PER_PROCESSOR void affine_row(Pixels<const Bf16> in, const float *scale, const float *offset,
                                    Pixels<float> out, std::int64_t width, std::int64_t channels) {
    affine(in, scale, offset, out, width, channels);
}

MIRRA_PER_PROCESSOR void prelu_row(Pixels<const float> in, const float *slope, Pixels<float> out,
                                   std::int64_t width, std::int64_t channels) {
    prelu(in, slope, out, width, channels);
}
MIRRA_PER_PROCESSOR void prelu_row(Pixels<const Bf16> in, const float *slope, Pixels<Bf16> out,
                                   std::int64_t width, std::int64_t channels) {
    prelu(in, slope, out, width, channels);
}

MIRRA_PER_PROCESSOR void add_row(Pixels<const float> a, Pixels<const float> b, Partner partner,
                                 Pixels<float> out, std::int64_t width, std::int64_t channels) {
    paired(a, b, partner, out, width, channels, kSum);
}
MIRRA_PER_PROCESSOR void add_row(Pixels<const Bf16> a, Pixels<const Bf16> b, Partner partner,
                                 Pixels<Bf16> out, std::int64_t width, std::int64_t channels) {
    paired(a, b, partner, out, width, channels, kSum);
}
MIRRA_PER_PROCESSOR void multiply_row(Pixels<const float> a, Pixels<const float> b, Partner partner,
                                      Pixels<float> out, std::int64_t width, std::int64_t channels) {
    paired(a, b, partner, out, width, channels, kProduct);
}
MIRRA_PER_PROCESSOR void multiply_row(Pixels<const Bf16> a, Pixels<const Bf16> b, Partner partner,
                                      Pixels<Bf16> out, std::int64_t width, std::int64_t channels) {
    paired(a, b, partner, out, width, channels, kProduct);
}

} // namespace mirra::runtime::onednn
