// EXIF taken apart and put together.
#include "exif_builder.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace mirra::image::detail {
namespace {

constexpr std::uint32_t kPhoto = 0x8769, kPosition = 0x8825, kInterop = 0xa005;
constexpr std::array<std::uint32_t, 4> kPointers{0x014a, kPhoto, kPosition, kInterop};
constexpr std::size_t kHeader = 8;
constexpr std::size_t kEntry = 12;
constexpr std::size_t kMaxValues = 1000; // of a directory

std::string name_of(std::uint32_t tag) {
    if (tag == ExifBuilder::kMakerNote) return "the maker's notes";
    if (tag == 0x9286) return "the user's comment";
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "tag 0x%04x", tag);
    return text.data();
}

constexpr std::size_t even(std::size_t size) noexcept {
    return (size + 1) / 2 * 2;
}

} // namespace

ExifBuilder::ExifBuilder(ByteSpan block, std::size_t directory) : tiff_(block) {
    if (!tiff_.valid()) return;
    const TiffDirectory main = directory == 0 ? tiff_.first() : tiff_.directory(directory);
    const TiffDirectory photo = tiff_.child(main, kPhoto);
    add(0, 0, main);
    add(kPhoto, 0, photo);
    add(kPosition, 0, tiff_.child(main, kPosition));
    add(kInterop, 1, tiff_.child(photo, kInterop));
}

void ExifBuilder::add(std::uint32_t pointer, std::size_t parent, const TiffDirectory &directory) {
    Part part{pointer, parent, {}};
    for (const TiffEntry &entry : directory.entries) {
        if (part.values.size() >= kMaxValues) break;
        if (std::ranges::find(kPointers, entry.tag) != kPointers.end()) continue;
        part.values.push_back(
            {entry.tag, entry.type, entry.count, tiff_.bytes().subspan(entry.value, entry.size)});
    }
    parts_.push_back(std::move(part));
}

bool ExifBuilder::empty() const noexcept {
    return std::ranges::all_of(parts_, [](const Part &part) { return part.values.empty(); });
}

std::size_t ExifBuilder::size() const {
    std::size_t total = kHeader;
    for (const Part &part : parts_) {
        total += 2 + 4 + kEntry; // count, next, and the pointer to it
        for (const Value &value : part.values)
            total += kEntry + (value.data.size() > 4 ? even(value.data.size()) : 0);
    }
    return total;
}

std::string ExifBuilder::drop(std::optional<std::uint32_t> tag) {
    Part *from = nullptr;
    std::size_t which = 0;
    for (Part &part : parts_) {
        for (std::size_t i = 0; i < part.values.size(); ++i) {
            const Value &value = part.values[i];
            if (tag && value.tag != *tag) continue;
            if (from != nullptr && value.data.size() <= from->values[which].data.size()) continue;
            from = &part;
            which = i;
        }
    }
    if (from == nullptr) return {};
    const Value gone = from->values[which];
    from->values.erase(from->values.begin() + static_cast<std::ptrdiff_t>(which));
    return name_of(gone.tag) + " (" + std::to_string(gone.data.size()) + " bytes)";
}

void ExifBuilder::keep_main(std::span<const std::uint32_t> tags) {
    if (parts_.empty()) return;
    std::erase_if(parts_[0].values,
                  [&](const Value &value) { return std::ranges::find(tags, value.tag) == tags.end(); });
}

/// Its values and the pointers to the parts below it, in the order of their tags.
std::vector<ExifBuilder::Value> ExifBuilder::entries_of(std::size_t part) const {
    std::vector<Value> values = parts_[part].values;
    for (std::size_t i = 1; i < parts_.size(); ++i) {
        if (parts_[i].parent == part && !parts_[i].values.empty())
            values.push_back({parts_[i].pointer, kTiffLong, 1, {}});
    }
    std::ranges::sort(values, {}, &Value::tag);
    return values;
}

/// Where each part goes in a block of its own, and behind the last where values go.
std::vector<std::size_t> ExifBuilder::places() const {
    std::vector<std::size_t> places;
    std::size_t at = kHeader;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        places.push_back(at);
        if (i == 0 || !parts_[i].values.empty()) at += 2 + entries_of(i).size() * kEntry + 4;
    }
    places.push_back(at);
    return places;
}

/// @param shift  that all offsets are larger than in a block of its own
std::vector<std::byte> ExifBuilder::write(std::size_t shift) const {
    const std::vector<std::size_t> places = this->places();
    std::vector<std::byte> out(size() + kEntry * parts_.size());
    std::ranges::copy(tiff_.bytes().first(4), out.begin());
    Tiff<std::byte> made(out);
    made.put(4, kHeader, 4);
    const auto put_place = [&](std::size_t at, std::size_t place) {
        made.put(at, static_cast<std::uint32_t>(place + shift), 4);
    };
    std::size_t free = places.back();
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (i > 0 && parts_[i].values.empty()) continue;
        const std::vector<Value> values = entries_of(i);
        std::size_t at = places[i];
        made.put(at, static_cast<std::uint32_t>(values.size()), 2);
        at += 2;
        for (const Value &value : values) {
            std::size_t target = at + 8;
            made.put(at, value.tag, 2);
            made.put(at + 2, value.type, 2);
            made.put(at + 4, value.count, 4);
            if (!value.entry.empty()) {
                std::ranges::copy(value.entry, out.begin() + static_cast<std::ptrdiff_t>(at));
            } else if (value.data.empty()) {
                const auto part = std::ranges::find(parts_, value.tag, &Part::pointer);
                put_place(target, places[static_cast<std::size_t>(part - parts_.begin())]);
            } else if (value.data.size() > 4) {
                put_place(target, free);
                target = free;
                free += even(value.data.size());
            }
            std::ranges::copy(value.data, out.begin() + static_cast<std::ptrdiff_t>(target));
            at += kEntry;
        }
    }
    out.resize(free);
    return out;
}

std::vector<std::byte> ExifBuilder::build() const {
    return write(0);
}

std::vector<std::byte> ExifBuilder::build_behind(std::size_t base, std::span<const ByteSpan> file) const {
    ExifBuilder whole = *this;
    for (const ByteSpan entry : file) {
        const Value own{.tag = tiff_.big() ? big_endian(entry, 0, 2)
                                           : std::to_integer<std::uint32_t>(entry[0]) |
                                                 std::to_integer<std::uint32_t>(entry[1]) << 8,
                        .data = {},
                        .entry = entry};
        std::erase_if(whole.parts_[0].values, [&](const Value &value) { return value.tag == own.tag; });
        whole.parts_[0].values.push_back(own);
    }
    std::vector<std::byte> out = whole.write(base - kHeader);
    out.erase(out.begin(), out.begin() + kHeader);
    return out;
}

} // namespace mirra::image::detail
