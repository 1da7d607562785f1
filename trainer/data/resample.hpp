// Resampling of training pictures.
#pragma once

#include "mirra/image.hpp"

#include <cstdint>

namespace mirra::trainer {

/// An RGB picture with 8 bits whose shorter side is at most `side` (area average); itself when it is short
/// enough or side is 0.
image::Image reduce_short_side(image::Image picture, std::int64_t side);

/// A rectangle of an RGB picture with 8 bits, scaled to extent x extent into `out` (extent x extent x 3
/// bytes): area average where it shrinks, bilinear where it grows. The rectangle lies inside of the picture.
void resample(const image::Image &picture, const image::Rect &rect, std::int64_t extent, std::uint8_t *out);

} // namespace mirra::trainer
