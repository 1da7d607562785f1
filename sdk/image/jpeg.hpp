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
constexpr int kJumbfMarker = JPEG_APP0 + 11;
constexpr int kPhotoshopMarker = JPEG_APP0 + 13;
constexpr auto kXmpExtensionPrefix = "http://ns.adobe.com/xmp/extension/\0"sv;
constexpr auto kIccPrefix = "ICC_PROFILE\0"sv;
constexpr auto kPhotoshopPrefix = "Photoshop 3.0\0"sv;
constexpr std::size_t kMaxSegment = 65533; // bytes that a segment can hold

constexpr int kDotsPerInch = 1;
constexpr int kDotsPerCentimetre = 2;

} // namespace mirra::image::detail
