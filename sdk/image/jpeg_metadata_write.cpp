// Metadata of a JPEG: its segments, none of which holds more than 64 KiB.
#include "color_tags.hpp"
#include "exif.hpp"
#include "jpeg.hpp"
#include "jpeg_metadata.hpp"
#include "notes.hpp"
#include "xmp.hpp"

#include <algorithm>

namespace mirra::image::detail {
namespace {

constexpr std::size_t kMaxProfileParts = 255;

class Writer {
  public:
    Writer(const Metadata &metadata, bool gray, std::vector<std::string> *notes)
        : metadata_(metadata)
        , icc_(profile_to_write(metadata, gray, notes))
        , notes_(notes) {}

    std::vector<JpegSegment> make() {
        if (!metadata_.exif.empty())
            add(kExifMarker, kExifHeader,
                shrink_exif(metadata_.exif, kMaxSegment - kExifHeader.size(), notes_));
        std::vector<std::byte> xmp = metadata_.xmp;
        const std::vector<Text> comments = add_texts_to_xmp(xmp, metadata_.texts);
        add_xmp(xmp);
        add_profile();
        add_in_parts(kPhotoshopMarker, kPhotoshopPrefix, metadata_.photoshop);
        for (const Text &comment : comments) add_comment(comment);
        return std::move(segments_);
    }

  private:
    void add(int marker, std::string_view prefix, ByteSpan payload) {
        if (payload.empty()) return;
        JpegSegment &segment = segments_.emplace_back();
        segment.marker = marker;
        append(segment.data, as_bytes(prefix));
        append(segment.data, payload);
    }
    void add_in_parts(int marker, std::string_view prefix, ByteSpan payload) {
        const std::size_t room = kMaxSegment - prefix.size();
        for (; !payload.empty(); payload = payload.subspan(std::min(room, payload.size())))
            add(marker, prefix, payload.first(std::min(room, payload.size())));
    }
    void add_xmp(ByteSpan xmp);
    void add_profile();
    void add_comment(const Text &text);

    const Metadata &metadata_;
    std::vector<std::byte> icc_;
    std::vector<std::string> *notes_;
    std::vector<JpegSegment> segments_;
};

void Writer::add_xmp(ByteSpan xmp) {
    const SplitXmp split = split_xmp(xmp, kMaxSegment - kXmpHeader.size());
    if (split.packet.empty() && !xmp.empty())
        add_note(notes_, "The XMP (" + std::to_string(xmp.size()) +
                             " bytes) does not fit into a JPEG and was left out.");
    add(kExifMarker, kXmpHeader, split.packet);
    std::vector<std::byte> head = copy_of(as_bytes(split.guid));
    append_big_endian(head, static_cast<std::uint32_t>(split.extension.size()), 4);
    const std::size_t room = kMaxSegment - kXmpExtensionPrefix.size() - head.size() - 4;
    for (std::size_t place = 0; place < split.extension.size(); place += room) {
        std::vector<std::byte> payload = head;
        append_big_endian(payload, static_cast<std::uint32_t>(place), 4);
        const ByteSpan rest = ByteSpan(split.extension).subspan(place);
        append(payload, rest.first(std::min(room, rest.size())));
        add(kExifMarker, kXmpExtensionPrefix, payload);
    }
}

void Writer::add_profile() {
    const std::size_t room = kMaxSegment - kIccPrefix.size() - 2;
    const std::size_t parts = (icc_.size() + room - 1) / room;
    if (parts > kMaxProfileParts) {
        add_note(notes_, "The colour profile does not fit into a JPEG and was left out.");
        return;
    }
    for (std::size_t i = 0; i < parts; ++i) {
        std::vector<std::byte> payload{static_cast<std::byte>(i + 1), static_cast<std::byte>(parts)};
        const ByteSpan rest = ByteSpan(icc_).subspan(i * room);
        append(payload, rest.first(std::min(room, rest.size())));
        add(kIccMarker, kIccPrefix, payload);
    }
}

/// A comment has no keyword: one that matters goes before the text.
void Writer::add_comment(const Text &text) {
    const std::string whole = text.keyword == "Comment" ? text.text : text.keyword + ": " + text.text;
    if (whole.size() > kMaxSegment) {
        add_note(notes_, "The text '" + text.keyword + "' (" + std::to_string(text.text.size()) +
                             " bytes) does not fit into a JPEG and was left out.");
        return;
    }
    add(JPEG_COM, {}, as_bytes(whole));
}

} // namespace

std::vector<JpegSegment> make_jpeg_metadata(const Metadata &metadata, bool gray,
                                            std::vector<std::string> *notes) {
    return Writer(metadata, gray, notes).make();
}

} // namespace mirra::image::detail
