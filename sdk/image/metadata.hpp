// Metadata between file and picture: made true after reading and before writing, whatever the format.
#pragma once

#include "mirra/image.hpp"

namespace mirra::image::detail {

/// After a file was read, before its orientation is applied: leaves out what speaks of parts of the file that
/// are not read, and completes the resolution.
/// @param by_exif whether EXIF tells the colours of a file without a profile, as it does for cameras' JPEGs
void settle_metadata(Metadata &metadata, bool by_exif);

/// As it may be written beside this picture: with its size, and with its thumbnail.
[[nodiscard]] Metadata true_metadata(const Metadata &metadata, const ConstImageView &picture);

} // namespace mirra::image::detail
