// EXIF orientation: read, applied to the pixels, reset.
#pragma once

#include "mirra/image.hpp"

namespace mirra::image::detail {

/// The orientation 1 to 8 that a TIFF block states; 1 where it states none or is broken.
[[nodiscard]] int read_orientation(std::span<const std::byte> exif);

/// The picture as it is meant to be seen, its EXIF and XMP saying so.
[[nodiscard]] Image turn_upright(Image image);

} // namespace mirra::image::detail
