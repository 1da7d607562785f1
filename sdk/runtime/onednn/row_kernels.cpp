#include "runtime/onednn/row_kernels.hpp"

#include "runtime/rows/per_processor.hpp"

#define MIRRA_INLINE inline __attribute__((always_inline))

namespace mirra::runtime::onednn {
namespace {

template<class T, class Y>
MIRRA_INLINE void affine(Pixels<const T> in, const float *scale, const float *offset, Pixels<Y> out,
                         std::int64_t width, std::int64_t channels) {
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

template<class T> MIRRA_INLINE void add_up(const T *in, float *sum, std::int64_t count) {
    MIRRA_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) sum[i] += static_cast<float>(in[i]);
}

template<class T> MIRRA_INLINE void keep_greatest(const T *in, float *best, std::int64_t count) {
    MIRRA_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) {
        const auto value = static_cast<float>(in[i]);
        best[i] = value <= best[i] || best[i] != best[i] ? best[i] : value;
    }
}

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

MIRRA_PER_PROCESSOR void accumulate(const float *in, float *sum, std::int64_t count) {
    add_up(in, sum, count);
}
MIRRA_PER_PROCESSOR void accumulate(const Bf16 *in, float *sum, std::int64_t count) {
    add_up(in, sum, count);
}
MIRRA_PER_PROCESSOR void greatest(const float *in, float *best, std::int64_t count) {
    keep_greatest(in, best, count);
}
MIRRA_PER_PROCESSOR void greatest(const Bf16 *in, float *best, std::int64_t count) {
    keep_greatest(in, best, count);
}

} // namespace mirra::runtime::onednn
