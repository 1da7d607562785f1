// What the codecs share, and where each is found.
#pragma once

#include "mirra/error.hpp"
#include "mirra/image.hpp"

#include <string>
#include <string_view>

namespace mirra::image::detail {

[[nodiscard]] Codec png_codec() noexcept;
[[nodiscard]] Codec jpeg_codec() noexcept;
[[nodiscard]] Codec tiff_codec() noexcept;
[[nodiscard]] Codec webp_codec() noexcept;
[[nodiscard]] Codec jxl_codec() noexcept;

[[nodiscard]] Image decode_png(std::span<const std::byte> bytes, const DecodeOptions &options);
[[nodiscard]] Image decode_jpeg(std::span<const std::byte> bytes, const DecodeOptions &options);
[[nodiscard]] Image decode_tiff(std::span<const std::byte> bytes, const DecodeOptions &options);
[[nodiscard]] Image decode_jxl(std::span<const std::byte> bytes, const DecodeOptions &options);

constexpr double kInchesPerMetre = 1.0 / 0.0254;

/// @throws Error limit
void check_pixels(std::uint64_t width, std::uint64_t height, const DecodeOptions &options);

/// Text of an unstated encoding: kept where it is valid UTF-8, else taken for Latin-1.
[[nodiscard]] std::string to_utf8(std::string_view text);
/// Nothing where a letter is beyond Latin-1.
[[nodiscard]] std::optional<std::string> to_latin1(std::string_view utf8);

} // namespace mirra::image::detail
