// A tile's pixels, wherever they lie.
#pragma once

#include <cstdint>

namespace denoiser {

/// A tile, and what of it lies in the image: pixels behind that were made up to fill it.
struct Extent {
    std::int64_t height = 0, width = 0;
    std::int64_t inside_height = 0, inside_width = 0;
};

/// Three channels of a tile: value (c, y, x) at c * channel + y * row + x * column.
struct Channels {
    static constexpr std::int64_t kCount = 3;
    const float *values;
    std::int64_t channel, row, column;
    [[nodiscard]] const float *at(std::int64_t c, std::int64_t y) const {
        return values + c * channel + y * row;
    }
};

} // namespace denoiser
