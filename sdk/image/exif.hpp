// EXIF: what of it must be read, and what must be changed to stay true.
#pragma once

#include "bytes.hpp"
#include "mirra/image.hpp"

namespace mirra::image::detail {

inline constexpr std::string_view kExifHeader("Exif\0\0", 6);

/// The TIFF block behind the header of a JPEG's segment, which some programs write twice, or into a PNG.
[[nodiscard]] ByteSpan exif_block(ByteSpan data);

/// Of the number that read_orientation() gives.
inline constexpr std::uint32_t kOrientationTag = 0x0112;

/// A block with nothing but an orientation; empty for upright pictures.
[[nodiscard]] std::vector<std::byte> orientation_alone(int orientation);

/// The orientation 1 to 8 that a TIFF block states; 1 where it states none or is broken.
[[nodiscard]] int read_orientation(ByteSpan exif);

/// The resolution of the main picture; nothing where none is stated.
[[nodiscard]] std::optional<Density> read_exif_density(ByteSpan exif);

/// Whether the block says Adobe RGB in the way of digital cameras (DCF's optional colour space).
[[nodiscard]] bool says_adobe_rgb(ByteSpan exif);

/// Number of pictures that an index of a multi-picture file names; 0 where it is broken.
[[nodiscard]] std::uint32_t count_pictures(ByteSpan mpf);

/// After a picture of this stored size was turned upright: resets the orientation, turns the places and
/// resolutions that the block states. A block whose orientation cannot be reset is emptied.
void turn_exif(std::vector<std::byte> &exif, int orientation, std::int32_t width, std::int32_t height);

/// States the size of the picture where the block states one, and replaces its thumbnail by one of this
/// picture; a thumbnail that cannot be replaced is left out.
void make_exif_true(std::vector<std::byte> &exif, const ConstImageView &picture);

/// The same data in at most `limit` bytes: without thumbnail, maker's notes and the largest values, each of
/// which is noted. Empty where nothing remains.
[[nodiscard]] std::vector<std::byte> shrink_exif(ByteSpan exif, std::size_t limit,
                                                 std::vector<std::string> *notes);

} // namespace mirra::image::detail
