// Bilinear enlargement of NHWC rows. Where a pixel lies comes from a table of the few places there are, so
// that it has the same value in every tile.
#pragma once

#include "runtime/rows/per_processor.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace mirra::runtime {

/// What a place of the result reads along an axis.
struct Tap {
    std::int64_t low = 0, high = 0;
    float share = 0; ///< of the high one
};

inline std::vector<Tap> taps_of(std::int64_t extent, std::int64_t factor) {
    std::vector<Tap> taps;
    taps.reserve(static_cast<std::size_t>(extent * factor));
    for (std::int64_t place = 0; place < extent * factor; ++place) {
        const auto pixel = place / factor;
        auto behind = 2 * (place % factor) + 1 - factor; // the middle of the pixel, in halves of a place
        Tap tap{behind < 0 ? pixel - 1 : pixel, 0, 0};
        if (behind < 0) behind += 2 * factor;
        tap.high = std::min(behind == 0 ? tap.low : tap.low + 1, extent - 1);
        tap.low = std::max<std::int64_t>(tap.low, 0);
        if (tap.low != tap.high) tap.share = static_cast<float>(behind) / static_cast<float>(2 * factor);
        taps.push_back(tap);
    }
    return taps;
}

/// One row of the result from the two rows about it, of pixels of `channels` each.
template<typename T>
inline __attribute__((always_inline)) void blend_row(const T *upper, const T *lower, float share, T *out,
                                                     const Tap *taps, std::int64_t width,
                                                     std::int64_t channels) {
    for (std::int64_t x = 0; x < width; ++x) {
        const auto left = taps[x].low * channels, right = taps[x].high * channels;
        const float b = taps[x].share, a = 1 - b, above = 1 - share;
        T *pixel = out + x * channels;
        MIRRA_INDEPENDENT
        for (std::int64_t c = 0; c < channels; ++c) {
            const float first =
                a * static_cast<float>(upper[left + c]) + b * static_cast<float>(upper[right + c]);
            const float second =
                a * static_cast<float>(lower[left + c]) + b * static_cast<float>(lower[right + c]);
            pixel[c] = static_cast<T>(above * first + share * second);
        }
    }
}

} // namespace mirra::runtime
