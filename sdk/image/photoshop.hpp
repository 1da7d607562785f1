// Photoshop's image resources, which hold IPTC in a JPEG.
#pragma once

#include "bytes.hpp"

#include <string>

namespace mirra::image::detail {

/// Resources of either resources or bare IPTC records; empty where it is neither.
[[nodiscard]] std::vector<std::byte> to_photoshop(ByteSpan bytes);

/// Leaves out what no longer fits once pixels have changed: previews and the resolution, which the file
/// states elsewhere; after a turn also paths, guides, slices and the like, with a note.
void make_photoshop_true(std::vector<std::byte> &resources, bool turned, std::vector<std::string> &notes);

} // namespace mirra::image::detail
