// Metadata of a JPEG: the walk over its segments.
#include "codec.hpp"
#include "exif.hpp"
#include "jpeg.hpp"
#include "jpeg_metadata.hpp"
#include "notes.hpp"
#include "xmp.hpp"

#include <algorithm>
#include <map>

namespace mirra::image::detail {
namespace {

constexpr std::size_t kMaxComments = 1000;
constexpr std::size_t kGuid = 32;
constexpr std::byte kMarker{0xff};

enum Code : std::uint32_t { kTem = 0x01, kRst0 = 0xd0, kSoi = 0xd8, kEoi = 0xd9, kSos = 0xda };

bool stands_alone(std::uint32_t code) {
    return code == kTem || (code >= kRst0 && code <= kSoi);
}

class Reader {
  public:
    explicit Reader(ByteSpan file) : file_(file) {}
    Metadata read();

  private:
    void take(std::uint32_t code, ByteSpan data);
    void take_jfif(ByteSpan data);
    void take_app1(ByteSpan data);
    void take_app2(ByteSpan data);
    void take_extension(ByteSpan data);
    void join_profile();
    void join_extension();

    ByteSpan file_;
    Metadata metadata_;
    std::array<ByteSpan, 256> profile_{}; ///< by number, from 1
    std::size_t profile_parts_ = 0;       ///< as the first of them says
    bool profile_contradicts_ = false;
    std::map<std::size_t, ByteSpan> extension_; ///< by place
    std::string_view guid_;
    std::size_t extension_size_ = 0;
};

Metadata Reader::read() {
    for (std::size_t at = 2; at + 1 < file_.size();) {
        // Stray bytes before a marker do no harm, and it may be filled up with more of its first byte.
        if (file_[at] != kMarker || file_[at + 1] == kMarker) {
            ++at;
            continue;
        }
        const auto code = std::to_integer<std::uint32_t>(file_[at + 1]);
        at += 2;
        if (code == 0 || stands_alone(code)) continue;
        if (code == kSos || code == kEoi || file_.size() - at < 2) break;
        const std::size_t length = big_endian(file_, at, 2);
        if (length < 2 || length > file_.size() - at) break;
        take(code, file_.subspan(at + 2, length - 2));
        at += length;
    }
    join_profile();
    join_extension();
    return std::move(metadata_);
}

void Reader::take(std::uint32_t code, ByteSpan data) {
    const std::string_view text = as_text(data);
    if (code == JPEG_APP0 && text.starts_with("JFIF\0"sv)) take_jfif(data);
    if (code == kExifMarker) take_app1(data);
    if (code == kIccMarker) take_app2(data);
    if (code == kJumbfMarker && text.starts_with("JP"))
        add_note(metadata_.notes,
                 "Content credentials (C2PA) were left out; they hold for the file as it was.");
    if (code == kPhotoshopMarker && text.starts_with(kPhotoshopPrefix))
        append(metadata_.photoshop, data.subspan(kPhotoshopPrefix.size()));
    if (code == JPEG_COM && metadata_.texts.size() < kMaxComments) {
        const std::string_view comment = text.substr(0, text.find('\0'));
        if (!comment.empty()) metadata_.texts.push_back({"Comment", to_utf8(comment)});
    }
}

void Reader::take_jfif(ByteSpan data) {
    if (data.size() < 12 || metadata_.density) return;
    const auto unit = std::to_integer<int>(data[7]);
    const double x = big_endian(data, 8, 2);
    const double y = big_endian(data, 10, 2);
    const double scale = unit == kDotsPerInch ? kInchesPerMetre : unit == kDotsPerCentimetre ? 100.0 : 1.0;
    const bool has_unit = unit == kDotsPerInch || unit == kDotsPerCentimetre;
    if (x > 0 && y > 0 && (has_unit || x != y)) metadata_.density = Density{x * scale, y * scale, has_unit};
}

void Reader::take_app1(ByteSpan data) {
    const std::string_view text = as_text(data);
    if (text.starts_with(kExifHeader)) {
        const ByteSpan block = exif_block(data);
        const bool begins = as_text(block).starts_with("II*") || as_text(block).starts_with("MM\0*"sv);
        // A block that does not begin as one goes on from the segment before.
        if (metadata_.exif.empty() || !begins) append(metadata_.exif, block);
    } else if (text.starts_with(kXmpHeader)) {
        if (metadata_.xmp.empty()) metadata_.xmp = copy_of(data.subspan(kXmpHeader.size()));
    } else if (text.starts_with(kXmpExtensionPrefix)) {
        take_extension(data.subspan(kXmpExtensionPrefix.size()));
    }
}

void Reader::take_extension(ByteSpan data) {
    if (data.size() < kGuid + 8) return;
    const std::string_view guid = as_text(data).substr(0, kGuid);
    const std::size_t size = big_endian(data, kGuid, 4);
    const std::size_t place = big_endian(data, kGuid + 4, 4);
    // The packet, which comes first, names the extension that is its own.
    if (guid_.empty() && as_text(metadata_.xmp).find(guid) != std::string_view::npos) {
        guid_ = guid;
        extension_size_ = size;
    }
    if (guid == guid_ && size == extension_size_) extension_.emplace(place, data.subspan(kGuid + 8));
}

void Reader::take_app2(ByteSpan data) {
    const std::string_view text = as_text(data);
    if (text.starts_with("MPF\0"sv) && count_pictures(data.subspan(4)) > 1) {
        add_note(metadata_.notes,
                 "A second picture of the file (such as a gain map or a depth map) was left out.");
        return;
    }
    if (!text.starts_with(kIccPrefix) || data.size() < kIccPrefix.size() + 2) return;
    const auto number = std::to_integer<std::size_t>(data[kIccPrefix.size()]);
    const auto parts = std::to_integer<std::size_t>(data[kIccPrefix.size() + 1]);
    if (profile_parts_ == 0) profile_parts_ = parts;
    const bool fits = number >= 1 && number <= parts && parts == profile_parts_;
    profile_contradicts_ = profile_contradicts_ || !fits || !profile_[number].empty();
    if (fits) profile_[number] = data.subspan(kIccPrefix.size() + 2);
}

void Reader::join_profile() {
    if (profile_parts_ == 0) return;
    const auto parts = std::span(profile_).subspan(1, profile_parts_);
    const bool whole = std::ranges::none_of(parts, [](ByteSpan part) { return part.empty(); });
    if (!whole || profile_contradicts_) {
        add_note(metadata_.notes, "The JPEG's colour profile is incomplete and was left out.");
        return;
    }
    for (const ByteSpan part : parts) append(metadata_.icc, part);
}

void Reader::join_extension() {
    std::vector<std::byte> extension;
    for (const auto &[place, part] : extension_) {
        if (place != extension.size()) break;
        append(extension, part);
    }
    if (extension.size() != extension_size_ && !guid_.empty())
        add_note(metadata_.notes, "The extension of the XMP is incomplete and was left out.");
    else if (!extension.empty())
        metadata_.xmp = merge_xmp(metadata_.xmp, extension);
}

} // namespace

Metadata read_jpeg_metadata(ByteSpan file) {
    return Reader(file).read();
}

} // namespace mirra::image::detail
