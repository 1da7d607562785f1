// The boxes of a JPEG XL file.
#pragma once

#include "bytes.hpp"
#include "mirra/image.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirra::image::detail {

inline constexpr std::string_view kJxlCodestream("\xff\x0a", 2);
inline constexpr std::string_view kJxlContainer("\0\0\0\x0cJXL \r\n\x87\n", 12);

/// A file without its container. Views of the file, which must outlive this.
struct JxlFile {
    ByteSpan codestream;
    Metadata metadata;             ///< EXIF, XMP and notes
    bool ends_early = false;       ///< a box has fewer bytes than it states
    std::vector<std::byte> joined; ///< the codestream where it lies in parts
};

/// Takes a file apart: one with boxes, or a codestream alone. Whatever the bytes are.
[[nodiscard]] JxlFile read_jxl_file(ByteSpan file);

} // namespace mirra::image::detail
