// EXIF orientation, applied.
#pragma once

#include "mirra/image.hpp"

namespace mirra::image::detail {

/// The picture as it is meant to be seen, and its metadata saying so.
[[nodiscard]] Image turn_upright(Image image);

} // namespace mirra::image::detail
