// What a TIFF says beside its pixels.
#pragma once

#include "tiff_file.hpp"

#include "mirra/image.hpp"

namespace mirra::image::detail {

/// Of the directory that is current. @param bytes  the file
[[nodiscard]] Metadata read_tiff_metadata(const TiffFile &file, ByteSpan bytes);

/// The fields that libtiff writes. @param notes  receives what cannot be written; may be null
void set_tiff_metadata(const TiffFile &file, const Metadata &metadata, bool gray,
                       std::vector<std::string> *notes);

/// Puts the EXIF data behind a finished file whose numbers have their byte order.
void add_exif_to_tiff(std::vector<std::byte> &file, ByteSpan exif);

} // namespace mirra::image::detail
