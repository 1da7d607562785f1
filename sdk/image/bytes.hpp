// Numbers and texts in the bytes of a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mirra::image::detail {

using ByteSpan = std::span<const std::byte>;

/// A big-endian number of `size` bytes, at most 4. @param at with `size` bytes behind it
[[nodiscard]] inline std::uint32_t big_endian(ByteSpan bytes, std::size_t at, std::size_t size) noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
    return value;
}

inline void append_big_endian(std::vector<std::byte> &out, std::uint32_t value, std::size_t size) {
    for (std::size_t i = size; i > 0; --i)
        out.push_back(static_cast<std::byte>(value >> (8 * (i - 1)) & 0xffU));
}

[[nodiscard]] inline std::string_view as_text(ByteSpan bytes) noexcept {
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline ByteSpan as_bytes(std::string_view text) noexcept {
    return std::as_bytes(std::span(text));
}

inline void append(std::vector<std::byte> &out, ByteSpan bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

[[nodiscard]] inline std::vector<std::byte> copy_of(ByteSpan bytes) {
    return {bytes.begin(), bytes.end()};
}

} // namespace mirra::image::detail
