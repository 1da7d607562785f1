// Plain loops, compiled for several instruction sets.
#include "runtime/rows/haar_rows.hpp"

#include "runtime/rows/bfloat16.hpp"
#include "runtime/rows/haar_pixel.hpp"
#include "runtime/rows/per_processor.hpp"

namespace mirra::runtime {
namespace {

inline float load(float value) {
    return value;
}
inline float load(std::uint16_t bits) {
    return from_bfloat16(bits);
}
inline void store(float &place, float value) {
    place = value;
}
inline void store(std::uint16_t &place, float value) {
    place = to_bfloat16(value);
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
            const HaarBands bands = haar_bands({load(a[i]), load(b[i]), load(c[i]), load(d[i])});
            store(ll[i], bands.ll);
            store(lh[i], bands.lh);
            store(hl[i], bands.hl);
            store(hh[i], bands.hh);
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
            const HaarSquare square = haar_square({load(ll[i]), load(lh[i]), load(hl[i]), load(hh[i])});
            store(a[i], square.a);
            store(b[i], square.b);
            store(c[i], square.c);
            store(d[i], square.d);
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
