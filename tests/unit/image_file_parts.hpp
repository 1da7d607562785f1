// Files taken apart and put together, independently of the library's own code.
#pragma once

#include "image_test_support.hpp"

#include <map>

#include <zlib.h>

namespace mirra::test {

inline std::string number_text(std::uint32_t value, int size) {
    std::string text;
    for (int i = size - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xffU);
    return text;
}

inline std::uint32_t number_at(std::string_view text, std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(text[at + i]);
    return value;
}

inline std::string as_string(const Bytes &bytes) {
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// A PNG's chunk with its sum.
inline std::string chunk(const std::string &type, const std::string &data) {
    const std::string summed = type + data;
    const auto sum =
        crc32(0, reinterpret_cast<const Bytef *>(summed.data()), static_cast<uInt>(summed.size()));
    return number_text(static_cast<std::uint32_t>(data.size()), 4) + summed +
           number_text(static_cast<std::uint32_t>(sum), 4);
}

inline std::string packed(const std::string &text) {
    uLongf size = compressBound(text.size());
    std::string out(size, '\0');
    compress2(reinterpret_cast<Bytef *>(out.data()), &size, reinterpret_cast<const Bytef *>(text.data()),
              text.size(), 9);
    out.resize(size);
    return out;
}

/// The PNG with chunks behind its header.
inline Bytes with_chunks(const Bytes &png, const std::string &chunks) {
    constexpr std::size_t kHeader = 8 + 12 + 13;
    const std::string file = as_string(png);
    return to_bytes(file.substr(0, kHeader) + chunks + file.substr(kHeader));
}

/// Type and data of every chunk.
inline std::vector<std::pair<std::string, std::string>> chunks_of(const Bytes &png) {
    std::vector<std::pair<std::string, std::string>> found;
    const std::string file = as_string(png);
    for (std::size_t at = 8; at + 12 <= file.size();) {
        const std::size_t length = number_at(file, at, 4);
        found.emplace_back(file.substr(at + 4, 4), file.substr(at + 8, length));
        at += 12 + length;
    }
    return found;
}

/// Data of the only chunk of a type; "(none)" where there is none.
inline std::string chunk_of(const Bytes &png, const std::string &type) {
    std::string found = "(none)";
    for (const auto &[name, data] : chunks_of(png)) {
        if (name != type) continue;
        EXPECT_EQ(found, "(none)") << "two chunks " << type;
        found = data;
    }
    return found;
}

/// A JPEG's segment.
inline std::string segment(unsigned marker, const std::string &data) {
    return "\xff" + std::string(1, static_cast<char>(marker)) +
           number_text(static_cast<std::uint32_t>(data.size() + 2), 2) + data;
}

/// The JPEG with segments behind its first marker.
inline Bytes with_segments(const Bytes &jpeg, const std::string &segments) {
    const std::string file = as_string(jpeg);
    return to_bytes(file.substr(0, 2) + segments + file.substr(2));
}

/// Data of the segments before the pixels, by marker.
inline std::multimap<unsigned, std::string> segments_of(const Bytes &jpeg) {
    std::multimap<unsigned, std::string> found;
    const std::string file = as_string(jpeg);
    for (std::size_t at = 2; at + 4 <= file.size() && file[at] == '\xff';) {
        const auto marker = static_cast<unsigned char>(file[at + 1]);
        const std::size_t length = number_at(file, at + 2, 2);
        found.emplace(marker, file.substr(at + 4, length - 2));
        if (marker == 0xda) break;
        at += 2 + length;
    }
    return found;
}

inline std::string join(const std::multimap<unsigned, std::string> &segments, unsigned marker) {
    std::string all;
    for (auto [at, end] = segments.equal_range(marker); at != end; ++at) all += at->second;
    return all;
}

} // namespace mirra::test
