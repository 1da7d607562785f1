// Metadata of a PNG: the walk over its chunks.
#include "codec.hpp"
#include "deflate.hpp"
#include "exif.hpp"
#include "notes.hpp"
#include "photoshop.hpp"
#include "png_metadata.hpp"
#include "xmp.hpp"

#include <algorithm>
#include <charconv>

#include <zlib.h>

namespace mirra::image::detail {
namespace {

constexpr std::size_t kMaxTexts = 1000;
constexpr std::size_t kMaxKeyword = 79;
constexpr std::string_view kXmpKeyword = "XML:com.adobe.xmp";
constexpr std::string_view kRawProfile = "Raw profile type ";

/// Takes the text before the next NUL off `rest`; nothing where there is no NUL.
std::optional<std::string_view> take_string(std::string_view &rest) {
    const std::size_t end = rest.find('\0');
    if (end == rest.npos) return std::nullopt;
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return text;
}

/// What ImageMagick and others write: "\nNAME\n  LENGTH\n" and hexadecimal digits in lines.
std::vector<std::byte> from_raw_profile(std::string_view text) {
    for (int line = 0; line < 2; ++line) {
        const std::size_t end = text.find('\n');
        if (end == text.npos) return {};
        text.remove_prefix(end + 1);
    }
    const std::size_t digits = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(digits);
    std::size_t length = 0;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), length);
    if (number.ec != std::errc() || length > text.size() / 2) return {};
    text.remove_prefix(static_cast<std::size_t>(number.ptr - text.data()));
    std::vector<std::byte> out;
    out.reserve(length);
    int half = -1;
    for (const char letter : text) {
        const int digit = letter >= '0' && letter <= '9'   ? letter - '0'
                          : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
                          : letter >= 'A' && letter <= 'F' ? letter - 'A' + 10
                                                           : -1;
        if (digit < 0) continue;
        if (half >= 0) out.push_back(static_cast<std::byte>(half * 16 + digit));
        half = half >= 0 ? -1 : digit;
    }
    if (out.size() != length) out.clear();
    return out;
}

std::uint32_t sum_of(ByteSpan bytes) {
    return static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef *>(bytes.data()), static_cast<uInt>(bytes.size())));
}

class Reader {
  public:
    explicit Reader(ByteSpan file) : file_(file) {}
    Metadata read();

  private:
    void take(std::string_view type, ByteSpan data);
    void take_color(std::string_view type, ByteSpan data);
    void take_profile(ByteSpan data);
    void take_density(ByteSpan data);
    void take_latin_text(ByteSpan data, bool compressed);
    void take_international_text(ByteSpan data);
    void keep(Text text);
    bool keep_raw_profile(const Text &text);
    void keep_exif(ByteSpan data);

    ByteSpan file_;
    Metadata metadata_;
    std::size_t text_budget_ = kPngTextBytes;
    bool texts_lost_ = false;
};

Metadata Reader::read() {
    std::size_t at = kPngSignature;
    while (file_.size() >= kPngChunkFrame && at <= file_.size() - kPngChunkFrame) {
        const std::size_t length = big_endian(file_, at, 4);
        if (length > file_.size() - at - kPngChunkFrame) break; // announces more than there is
        const ByteSpan checked = file_.subspan(at + 4, length + 4);
        const std::string_view type = as_text(checked.first(4));
        if (type == "IEND") break;
        if (type != "IDAT" && sum_of(checked) == big_endian(file_, at + 8 + length, 4))
            take(type, checked.subspan(4));
        at += kPngChunkFrame + length;
    }
    if (texts_lost_)
        add_note(metadata_.notes, "Texts of the PNG that are damaged or too large were left out.");
    return std::move(metadata_);
}

void Reader::take(std::string_view type, ByteSpan data) {
    if (type == "iCCP") take_profile(data);
    if (type == "cICP" || type == "sRGB" || type == "gAMA" || type == "cHRM") take_color(type, data);
    if (type == "pHYs") take_density(data);
    if (type == "eXIf") keep_exif(data);
    if (type == "tEXt" || type == "zTXt") take_latin_text(data, type == "zTXt");
    if (type == "iTXt") take_international_text(data);
    if (type == "acTL" && data.size() == 8 && big_endian(data, 0, 4) > 1)
        add_note(metadata_.notes, "The PNG is animated; only its first picture was taken.");
    if (type == "caBX")
        add_note(metadata_.notes,
                 "Content credentials (C2PA) were left out; they hold for the file as it was.");
}

void Reader::take_color(std::string_view type, ByteSpan data) {
    ColorTags &color = metadata_.color;
    if (type == "cICP" && data.size() == 4 && !color.cicp) {
        color.cicp.emplace();
        std::ranges::transform(data, color.cicp->begin(), std::to_integer<std::uint8_t>);
    } else if (type == "sRGB" && data.size() == 1 && !color.srgb) {
        color.srgb = std::to_integer<std::uint8_t>(data[0]);
    } else if (type == "gAMA" && data.size() == 4 && !color.gamma && big_endian(data, 0, 4) > 0) {
        color.gamma = big_endian(data, 0, 4);
    } else if (type == "cHRM" && data.size() == 32 && !color.chromaticities) {
        color.chromaticities.emplace();
        for (std::size_t i = 0; i < 8; ++i) (*color.chromaticities)[i] = big_endian(data, i * 4, 4);
    }
}

void Reader::take_profile(ByteSpan data) {
    if (!metadata_.icc.empty()) return;
    std::string_view rest = as_text(data);
    const auto name = take_string(rest);
    if (!name || name->size() > kMaxKeyword || rest.empty() || rest[0] != 0) return;
    std::size_t budget = std::min(kPngProfileBytes, std::max(kPngTextBytes, 16 * data.size()));
    auto profile = inflate(as_bytes(rest.substr(1)), budget);
    if (profile && profile->size() >= 128) {
        metadata_.icc = std::move(*profile);
    } else {
        add_note(metadata_.notes, "The PNG's colour profile is damaged or too large and was left out.");
    }
}

void Reader::take_density(ByteSpan data) {
    if (data.size() != 9 || metadata_.density) return;
    const std::uint32_t x = big_endian(data, 0, 4);
    const std::uint32_t y = big_endian(data, 4, 4);
    const bool metres = data[8] == std::byte{1};
    if (x == 0 || y == 0 || (!metres && x == y)) return;
    metadata_.density = Density{static_cast<double>(x), static_cast<double>(y), metres};
}

void Reader::take_latin_text(ByteSpan data, bool compressed) {
    std::string_view rest = as_text(data);
    const auto keyword = take_string(rest);
    if (!keyword) return;
    Text text{to_utf8(*keyword), {}};
    if (!compressed) {
        text.text = to_utf8(rest);
    } else {
        if (rest.empty() || rest[0] != 0) return;
        const auto unpacked = inflate(as_bytes(rest.substr(1)), text_budget_);
        texts_lost_ = texts_lost_ || !unpacked;
        if (!unpacked) return;
        text.text = to_utf8(as_text(*unpacked));
    }
    keep(std::move(text));
}

void Reader::take_international_text(ByteSpan data) {
    std::string_view rest = as_text(data);
    const auto keyword = take_string(rest);
    if (!keyword || rest.size() < 2) return;
    const bool compressed = rest[0] != 0;
    if (compressed && rest[1] != 0) return;
    rest.remove_prefix(2);
    const auto language = take_string(rest);
    const auto translated = language ? take_string(rest) : std::nullopt;
    if (!translated) return;
    Text text{to_utf8(*keyword), {}, std::string(*language), to_utf8(*translated)};
    if (!compressed) {
        text.text = to_utf8(rest);
    } else {
        const auto unpacked = inflate(as_bytes(rest), text_budget_);
        texts_lost_ = texts_lost_ || !unpacked;
        if (!unpacked) return;
        text.text = to_utf8(as_text(*unpacked));
    }
    keep(std::move(text));
}

void Reader::keep(Text text) {
    if (text.keyword.empty() || text.keyword.size() > 2 * kMaxKeyword) return;
    if (text.keyword == kXmpKeyword) {
        if (metadata_.xmp.empty()) metadata_.xmp = copy_of(as_bytes(text.text));
        return;
    }
    if (keep_raw_profile(text)) return;
    texts_lost_ = texts_lost_ || metadata_.texts.size() >= kMaxTexts;
    if (metadata_.texts.size() < kMaxTexts) metadata_.texts.push_back(std::move(text));
}

/// @return whether the text was one
bool Reader::keep_raw_profile(const Text &text) {
    if (!text.keyword.starts_with(kRawProfile)) return false;
    const std::string_view kind = std::string_view(text.keyword).substr(kRawProfile.size());
    const auto bytes = from_raw_profile(text.text);
    if (bytes.empty()) return false;
    if (kind == "exif" || (kind == "APP1" && as_text(bytes).starts_with(kExifHeader))) {
        keep_exif(bytes);
    } else if (kind == "xmp" || (kind == "APP1" && as_text(bytes).starts_with(kXmpHeader))) {
        const std::size_t skip = kind == "xmp" ? 0 : kXmpHeader.size();
        if (metadata_.xmp.empty()) metadata_.xmp = copy_of(std::span(bytes).subspan(skip));
    } else if (kind == "iptc" || kind == "8bim") {
        if (metadata_.photoshop.empty()) metadata_.photoshop = to_photoshop(bytes);
    } else if (kind == "icc" || kind == "icm") {
        if (metadata_.icc.empty()) metadata_.icc = bytes;
    } else {
        return false;
    }
    return true;
}

void Reader::keep_exif(ByteSpan data) {
    if (metadata_.exif.empty()) metadata_.exif = copy_of(exif_block(data));
}

} // namespace

Metadata read_png_metadata(ByteSpan file) {
    return Reader(file).read();
}

} // namespace mirra::image::detail
