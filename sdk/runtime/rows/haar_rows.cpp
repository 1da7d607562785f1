// Plain loops, compiled for several instruction sets.
#include "runtime/rows/haar_rows.hpp"

#include "runtime/rows/per_processor.hpp"

#include <bit>

namespace mirra::runtime {
namespace {

inline float load(float value) {
    return value;
}
inline float load(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}
inline void store(float &place, float value) {
    place = value;
}
inline void store(std::uint16_t &place, float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    place = static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

template<typename T>
inline __attribute__((always_inline)) void analyse_row(const T *upper, const T *lower, T *out,
                                                       std::int64_t width, std::int64_t channels) {
    for (std::int64_t x = 0; x < width; ++x) {
        const T *a = upper + 2 * x * channels, *b = a + channels;
        const T *c = lower + 2 * x * channels, *d = c + channels;
        T *ll = out + 4 * x * channels, *lh = ll + channels, *hl = lh + channels, *hh = hl + channels;
        MIRRA_INDEPENDENT
        for (std::int64_t i = 0; i < channels; ++i) {
            const float sum_top = load(a[i]) + load(b[i]), difference_top = load(b[i]) - load(a[i]);
            const float sum_bottom = load(c[i]) + load(d[i]), difference_bottom = load(d[i]) - load(c[i]);
            store(ll[i], 0.5f * (sum_top + sum_bottom));
            store(lh[i], 0.5f * (difference_top + difference_bottom));
            store(hl[i], 0.5f * (sum_bottom - sum_top));
            store(hh[i], 0.5f * (difference_bottom - difference_top));
        }
    }
}

template<typename T>
inline __attribute__((always_inline)) void synthesise_row(const T *in, T *upper, T *lower, std::int64_t width,
                                                          std::int64_t channels) {
    for (std::int64_t x = 0; x < width; ++x) {
        const T *ll = in + 4 * x * channels, *lh = ll + channels, *hl = lh + channels, *hh = hl + channels;
        T *a = upper + 2 * x * channels, *b = a + channels;
        T *c = lower + 2 * x * channels, *d = c + channels;
        MIRRA_INDEPENDENT
        for (std::int64_t i = 0; i < channels; ++i) {
            const float low_top = load(ll[i]) - load(hl[i]), low_bottom = load(ll[i]) + load(hl[i]);
            const float high_top = load(lh[i]) - load(hh[i]), high_bottom = load(lh[i]) + load(hh[i]);
            store(a[i], 0.5f * (low_top - high_top));
            store(b[i], 0.5f * (low_top + high_top));
            store(c[i], 0.5f * (low_bottom - high_bottom));
            store(d[i], 0.5f * (low_bottom + high_bottom));
        }
    }
}

} // namespace

MIRRA_PER_PROCESSOR void haar_analysis_row(const float *upper, const float *lower, float *out,
                                           std::int64_t width, std::int64_t channels) {
    analyse_row(upper, lower, out, width, channels);
}

MIRRA_PER_PROCESSOR void haar_analysis_row(const std::uint16_t *upper, const std::uint16_t *lower,
                                           std::uint16_t *out, std::int64_t width, std::int64_t channels) {
    analyse_row(upper, lower, out, width, channels);
}

MIRRA_PER_PROCESSOR void haar_synthesis_row(const float *in, float *upper, float *lower, std::int64_t width,
                                            std::int64_t channels) {
    synthesise_row(in, upper, lower, width, channels);
}

MIRRA_PER_PROCESSOR void haar_synthesis_row(const std::uint16_t *in, std::uint16_t *upper,
                                            std::uint16_t *lower, std::int64_t width, std::int64_t channels) {
    synthesise_row(in, upper, lower, width, channels);
}

} // namespace mirra::runtime
