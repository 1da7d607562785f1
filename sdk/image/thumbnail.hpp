// A small JPEG of a picture, for EXIF.
#pragma once

#include "mirra/image.hpp"

namespace mirra::image::detail {

struct Thumbnail {
    std::int32_t width = 0;
    std::int32_t height = 0;
    std::vector<std::byte> jpeg;
};

/// Of at most 160 pixels on a side. Looks at a few rows of the picture only.
[[nodiscard]] Thumbnail make_thumbnail(const ConstImageView &picture);

} // namespace mirra::image::detail
