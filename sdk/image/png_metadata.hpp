// The chunks of a PNG that are no pixels: read and written here, so that libpng never sees them.
#pragma once

#include "bytes.hpp"
#include "mirra/image.hpp"

#include <array>

namespace mirra::image::detail {

constexpr std::size_t kPngSignature = 8;
constexpr std::size_t kPngChunkFrame = 12; ///< length, type and checksum

/// All metadata of a PNG. What is damaged or too large is left out; nothing here is an error. Takes no more
/// memory than a few times the file, and kPngTextBytes and kPngProfileBytes.
[[nodiscard]] Metadata read_png_metadata(ByteSpan file);

constexpr std::size_t kPngTextBytes = 4U << 20;    ///< that all compressed texts may unpack to
constexpr std::size_t kPngProfileBytes = 8U << 20; ///< that a colour profile may unpack to

struct PngChunk {
    std::array<char, 5> type{}; ///< ended by NUL
    std::vector<std::byte> data;
};

/// The chunks that go between IHDR and the pixels, in their order.
/// @param notes receives what cannot be written; may be null
[[nodiscard]] std::vector<PngChunk> make_png_metadata(const Metadata &metadata,
                                                      std::vector<std::string> *notes);

} // namespace mirra::image::detail
