// Metadata of a PNG: the chunks between its header and its pixels.
#include "codec.hpp"
#include "deflate.hpp"
#include "notes.hpp"
#include "png_metadata.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace mirra::image::detail {
namespace {

constexpr std::size_t kWorthPacking = 1024; // a text of so many bytes is compressed
constexpr std::size_t kMaxKeyword = 79;
constexpr double kLargestNumber = std::numeric_limits<std::int32_t>::max();

class Writer {
  public:
    Writer(const Metadata &metadata, std::vector<std::string> *notes) : metadata_(metadata), notes_(notes) {}

    std::vector<PngChunk> make() {
        add_color();
        add_density();
        if (!metadata_.exif.empty()) add("eXIf").data = metadata_.exif;
        if (!metadata_.xmp.empty())
            add_international({"XML:com.adobe.xmp", std::string(as_text(metadata_.xmp))}, false);
        add_photoshop();
        for (const Text &text : metadata_.texts) add_text(text);
        return std::move(chunks_);
    }

  private:
    PngChunk &add(const char *type) {
        PngChunk &chunk = chunks_.emplace_back();
        std::memcpy(chunk.type.data(), type, chunk.type.size());
        return chunk;
    }
    void add_color();
    void add_density();
    void add_photoshop();
    void add_text(const Text &text);
    void add_international(const Text &text, bool compressed);

    const Metadata &metadata_;
    std::vector<std::string> *notes_;
    std::vector<PngChunk> chunks_;
};

void append_string(std::vector<std::byte> &out, std::string_view text) {
    append(out, as_bytes(text));
    out.push_back(std::byte{0});
}

void Writer::add_color() {
    const ColorTags &color = metadata_.color;
    if (color.cicp) {
        PngChunk &chunk = add("cICP");
        for (const std::uint8_t each : *color.cicp) chunk.data.push_back(std::byte{each});
    }
    if (!metadata_.icc.empty()) {
        PngChunk &chunk = add("iCCP");
        append_string(chunk.data, "ICC profile");
        chunk.data.push_back(std::byte{0}); // deflate
        append(chunk.data, deflate(metadata_.icc));
    } else if (color.srgb) {
        add("sRGB").data.push_back(std::byte{*color.srgb});
    }
    if (color.gamma) append_big_endian(add("gAMA").data, *color.gamma, 4);
    if (color.chromaticities) {
        PngChunk &chunk = add("cHRM");
        for (const std::uint32_t each : *color.chromaticities) append_big_endian(chunk.data, each, 4);
    }
}

void Writer::add_density() {
    if (!metadata_.density) return;
    const auto whole = [](double value) {
        return static_cast<std::uint32_t>(std::llround(std::clamp(value, 1.0, kLargestNumber)));
    };
    PngChunk &chunk = add("pHYs");
    append_big_endian(chunk.data, whole(metadata_.density->x), 4);
    append_big_endian(chunk.data, whole(metadata_.density->y), 4);
    chunk.data.push_back(std::byte{metadata_.density->has_unit});
}

/// PNG has no place for IPTC of its own; this is the form that ImageMagick, exiftool and exiv2 read and
/// write.
void Writer::add_photoshop() {
    if (metadata_.photoshop.empty()) return;
    constexpr std::size_t kBytesPerLine = 36;
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string length = std::to_string(metadata_.photoshop.size());
    if (length.size() < 8) length.insert(0, 8 - length.size(), ' ');
    std::string text = "\niptc\n" + length;
    for (std::size_t i = 0; i < metadata_.photoshop.size(); ++i) {
        const auto value = std::to_integer<std::size_t>(metadata_.photoshop[i]);
        if (i % kBytesPerLine == 0) text += '\n';
        text += kDigits[value / 16];
        text += kDigits[value % 16];
    }
    add_text({"Raw profile type iptc", text + '\n'});
}

void Writer::add_text(const Text &given) {
    Text text = given;
    std::erase(text.text, '\0');
    const auto keyword = to_latin1(text.keyword);
    if (!keyword || keyword->empty() || keyword->size() > kMaxKeyword ||
        keyword->find('\0') != keyword->npos) {
        add_note(notes_, "A text was left out: a PNG cannot hold its keyword.");
        return;
    }
    const bool packed = text.text.size() >= kWorthPacking;
    const auto latin = to_latin1(text.text);
    if (!latin || !text.language.empty() || !text.translated.empty()) {
        add_international(text, packed);
        return;
    }
    PngChunk &chunk = add(packed ? "zTXt" : "tEXt");
    append_string(chunk.data, *keyword);
    if (packed) chunk.data.push_back(std::byte{0}); // deflate
    append(chunk.data, packed ? deflate(as_bytes(*latin)) : copy_of(as_bytes(*latin)));
}

void Writer::add_international(const Text &text, bool compressed) {
    PngChunk &chunk = add("iTXt");
    append_string(chunk.data, to_latin1(text.keyword).value_or(std::string()));
    chunk.data.push_back(std::byte{compressed});
    chunk.data.push_back(std::byte{0}); // deflate
    append_string(chunk.data, text.language);
    append_string(chunk.data, text.translated);
    append(chunk.data, compressed ? deflate(as_bytes(text.text)) : copy_of(as_bytes(text.text)));
}

} // namespace

std::vector<PngChunk> make_png_metadata(const Metadata &metadata, std::vector<std::string> *notes) {
    return Writer(metadata, notes).make();
}

} // namespace mirra::image::detail
