// Colours as JPEG XL states them without a profile.
#pragma once

#include "mirra/image.hpp"

#include <optional>

#include <jxl/color_encoding.h>

namespace mirra::image::detail {

/// The tags that mean the same, none for sRGB; nothing where only a profile can say it.
[[nodiscard]] std::optional<ColorTags> tags_of(const JxlColorEncoding &color);

/// What the tags mean; nothing where JPEG XL has no words for it.
[[nodiscard]] std::optional<JxlColorEncoding> jxl_color(const ColorTags &tags, bool gray);

} // namespace mirra::image::detail
