// Picture files beyond image::write(): a format of one's own choice, and what can be refused beforehand.
#pragma once

#include "mirra/image.hpp"

#include <filesystem>
#include <string_view>

namespace mirra::image {

/// The codec of a name, or where it is empty of the path's extension; null where there is none.
[[nodiscard]] const Codec *find_codec(const std::filesystem::path &path, std::string_view format);

/// What write_as() would refuse of a picture of that size for its path, format and size alone; 0 x 0: not yet
/// known. @throws Error as write_as
void check_write(const std::filesystem::path &path, std::int32_t width, std::int32_t height,
                 const EncodeOptions &options = {}, std::string_view format = {});

/// As write(). @param format  name of a codec; empty: the path's extension says it
/// @throws Error unsupported (format, extension, a size it cannot hold) | not_found (folder) | io | as encode
void write_as(const std::filesystem::path &path, const ConstImageView &view, const Metadata &metadata,
              const EncodeOptions &options, std::string_view format);

} // namespace mirra::image
