// A caller's image in another size.
#pragma once

#include "pixels.hpp"

#include <span>

namespace mirra::host {

/// Fills `out` (rect.height x rect.width x channels floats) with a rectangle of the source brought to
/// width x height pixels, edges replicated beyond it: linear interpolation, averaging as wide as the
/// reduction where it is reduced. The source's own size gives its own pixels. A few rows of the source
/// at a time are in memory.
void load_resampled(const SeenImage &source, std::int64_t width, std::int64_t height,
                    const runtime::Rect &rect, int channels, std::span<float> out);

/// The same of its alpha, one value a pixel.
void load_resampled_alpha(const image::ConstImageView &source, std::int64_t width, std::int64_t height,
                          const runtime::Rect &rect, std::span<float> out);

/// The same for any number of planes of height x width floats, one after the other.
/// @param out  planes of new_height x new_width
void resample_planes(std::span<const float> values, std::int64_t height, std::int64_t width,
                     std::int64_t new_height, std::int64_t new_width, std::span<float> out);

} // namespace mirra::host
