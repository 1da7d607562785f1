// XMP: what of a packet must be changed to stay true. A packet that cannot be read is left out.
#pragma once

#include "bytes.hpp"
#include "mirra/image.hpp"

#include <string>
#include <string_view>

namespace mirra::image::detail {

/// In front of a packet in a JPEG's segment, and in PNGs whose writer kept it.
inline constexpr std::string_view kXmpHeader("http://ns.adobe.com/xap/1.0/\0", 29);

/// The packet with the properties of its extension.
[[nodiscard]] std::vector<std::byte> merge_xmp(ByteSpan packet, ByteSpan extension);

/// What a picture says of itself once it was read: nothing of second pictures and videos behind it, of
/// previews, and of an extension.
void strip_xmp(std::vector<std::byte> &xmp, std::vector<std::string> &notes);

/// After a picture was turned upright.
void turn_xmp(std::vector<std::byte> &xmp, std::vector<std::string> &notes);

/// States the size of the picture where the packet states one.
void size_xmp(std::vector<std::byte> &xmp, std::int32_t width, std::int32_t height);

/// Adds title, author, description and copyright, given by their keywords in a PNG, where the packet lacks
/// them.
/// @return the texts that are not among these
[[nodiscard]] std::vector<Text> add_texts_to_xmp(std::vector<std::byte> &xmp, const std::vector<Text> &texts);

struct SplitXmp {
    std::vector<std::byte> packet;
    std::vector<std::byte> extension; ///< empty: all is in the packet
    std::string guid;                 ///< of the extension, 32 digits; stands in the packet
};

/// A packet of at most `limit` bytes and the rest as its extension. Empty where it cannot be split so.
[[nodiscard]] SplitXmp split_xmp(ByteSpan xmp, std::size_t limit);

} // namespace mirra::image::detail
