// The segments of a JPEG that are no pixels: read and written here, so that libjpeg keeps none of them.
#pragma once

#include "bytes.hpp"
#include "mirra/image.hpp"

namespace mirra::image::detail {

/// All metadata before the first scan. What is damaged is left out; nothing here is an error. Takes no more
/// memory than a few times the file.
[[nodiscard]] Metadata read_jpeg_metadata(ByteSpan file);

struct JpegSegment {
    int marker = 0;
    std::vector<std::byte> data;
};

/// The segments that follow the JFIF header, in their order.
/// @param notes receives what cannot be written; may be null
[[nodiscard]] std::vector<JpegSegment> make_jpeg_metadata(const Metadata &metadata, bool gray,
                                                          std::vector<std::string> *notes);

} // namespace mirra::image::detail
