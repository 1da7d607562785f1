// What reading and writing JPEG share: libjpeg's headers and the names of the metadata segments.
#pragma once

#include <csetjmp>
#include <cstdio> // jpeglib.h needs it first
#include <string_view>

#include <jpeglib.h>

#include <jerror.h> // its codes depend on what jpeglib.h configures

namespace mirra::image::detail {

using std::string_view_literals::operator""sv;

constexpr int kExifMarker = JPEG_APP0 + 1; // EXIF and XMP share it
constexpr int kIccMarker = JPEG_APP0 + 2;
constexpr auto kExifPrefix = "Exif\0\0"sv;
constexpr auto kXmpPrefix = "http://ns.adobe.com/xap/1.0/\0"sv;
constexpr unsigned kMaxSegment = 65533; // bytes that a segment can hold

constexpr int kDotsPerInch = 1;
constexpr int kDotsPerCentimetre = 2;

} // namespace mirra::image::detail
