// A caller's image in another size.
#pragma once

#include "mirra/image.hpp"
#include "mirra/tiling.hpp"

#include <span>

namespace mirra::host {

/// Fills `out` (rect.height x rect.width x channels floats) with a rectangle of the source brought to
/// width x height pixels, edges replicated beyond it: linear interpolation, averaging as wide as the
/// reduction where it is reduced. The source's own size gives its own pixels. One row of the source at a time
/// is in memory.
void load_resampled(const image::ConstImageView &source, std::int64_t width, std::int64_t height,
                    const runtime::Rect &rect, int channels, std::span<float> out);

} // namespace mirra::host
