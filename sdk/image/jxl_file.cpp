// Walks the boxes. Packed ones are unpacked here, to a length with a bound: libjxl ends the process where
// Brotli is refused memory.
#include "jxl_file.hpp"

#include "exif.hpp"
#include "notes.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <optional>

#include <brotli/decode.h>

namespace mirra::image::detail {
namespace {

constexpr std::size_t kHeader = 8, kLongHeader = 16;
constexpr std::size_t kFirstBytes = 1U << 16;
constexpr std::size_t kMostUnpacked = 16U << 20;

struct Box {
    std::string_view type;
    ByteSpan whole, content;
    bool ends_early = false;
};

Box box_at(ByteSpan rest) {
    Box box{as_text(rest.subspan(4, 4)), {}, {}};
    std::uint64_t size = big_endian(rest, 0, 4);
    std::size_t header = kHeader;
    if (size == 1 && rest.size() >= kLongHeader) {
        size = std::uint64_t{big_endian(rest, 8, 4)} << 32 | big_endian(rest, 12, 4);
        header = kLongHeader;
    }
    if (size == 0) size = rest.size(); // up to the end of the file
    box.ends_early = size < header || size > rest.size();
    const auto end = std::max<std::uint64_t>(header, std::min<std::uint64_t>(size, rest.size()));
    box.whole = rest.first(static_cast<std::size_t>(end));
    box.content = box.whole.subspan(header);
    return box;
}

struct Deleter {
    void operator()(BrotliDecoderState *decoder) const noexcept { BrotliDecoderDestroyInstance(decoder); }
};

bool lacks_memory(BrotliDecoderErrorCode error) {
    return error <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
           error >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
}

/// @return nothing where the bytes are damaged or unpack to too many
std::optional<std::vector<std::byte>> unpacked(ByteSpan bytes) {
    const std::unique_ptr<BrotliDecoderState, Deleter> decoder(
        BrotliDecoderCreateInstance(nullptr, nullptr, nullptr));
    if (decoder == nullptr) throw std::bad_alloc();
    const auto *next = reinterpret_cast<const std::uint8_t *>(bytes.data());
    std::size_t left = bytes.size(), room = 0;
    std::vector<std::byte> out;
    while (out.size() < kMostUnpacked) {
        const std::size_t used = out.size();
        out.resize(std::max(kFirstBytes, 2 * used));
        room = out.size() - used;
        auto *place = reinterpret_cast<std::uint8_t *>(out.data()) + used;
        const auto result =
            BrotliDecoderDecompressStream(decoder.get(), &left, &next, &room, &place, nullptr);
        if (result == BROTLI_DECODER_RESULT_SUCCESS) {
            out.resize(out.size() - room);
            return out;
        }
        if (lacks_memory(BrotliDecoderGetErrorCode(decoder.get()))) throw std::bad_alloc();
        if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) break;
    }
    return std::nullopt;
}

void keep(Metadata &metadata, std::string_view type, ByteSpan content) {
    constexpr std::size_t kOffset = 4; // of the TIFF block behind it
    if (type == "xml " && metadata.xmp.empty()) metadata.xmp = copy_of(content);
    if (type != "Exif" || !metadata.exif.empty() || content.size() < kOffset) return;
    const std::size_t skip = kOffset + big_endian(content, 0, kOffset);
    if (skip < content.size()) metadata.exif = copy_of(exif_block(content.subspan(skip)));
}

/// @param seen  kinds that were met: the first of each counts, or a file of small boxes would cost hours
void keep_packed(Metadata &metadata, const Box &box, std::vector<std::string_view> &seen) {
    const std::string_view inner = as_text(box.content).substr(0, 4);
    if ((inner != "xml " && inner != "Exif") || std::ranges::find(seen, inner) != seen.end()) return;
    seen.push_back(inner);
    const auto content = unpacked(box.content.subspan(inner.size()));
    if (content) return keep(metadata, inner, *content);
    add_note(metadata.notes, std::string("The packed ") + (inner == "Exif" ? "EXIF" : "XMP") +
                                 " data of the file cannot be read and were left out.");
}

} // namespace

JxlFile read_jxl_file(ByteSpan file) {
    JxlFile out{file, {}, false, {}};
    if (!as_text(file).starts_with(kJxlContainer)) return out;
    constexpr std::size_t kPartHeader = 4;
    std::vector<ByteSpan> parts;
    std::vector<std::string_view> packed;
    for (ByteSpan rest = file; rest.size() >= kHeader;) {
        const Box box = box_at(rest);
        rest = rest.subspan(box.whole.size());
        out.ends_early = out.ends_early || box.ends_early || (!rest.empty() && rest.size() < kHeader);
        if (box.type == "jxlc") parts.push_back(box.content);
        if (box.type == "jxlp" && box.content.size() >= kPartHeader)
            parts.push_back(box.content.subspan(kPartHeader));
        if (box.type == "brob") keep_packed(out.metadata, box, packed);
        keep(out.metadata, box.type, box.content);
    }
    if (parts.size() > 1)
        for (const ByteSpan part : parts) append(out.joined, part);
    out.codestream = parts.size() > 1 ? ByteSpan(out.joined) : parts.empty() ? ByteSpan() : parts.front();
    return out;
}

} // namespace mirra::image::detail
