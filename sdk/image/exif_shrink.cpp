// EXIF rebuilt in fewer bytes, for files that cannot hold all of it.
#include "exif.hpp"
#include "notes.hpp"
#include "tiff.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

namespace mirra::image::detail {
namespace {

constexpr std::uint32_t kMakerNote = 0x927c;
constexpr std::array<std::uint32_t, 4> kPointers{0x014a, 0x8769, 0x8825, 0xa005};
constexpr std::size_t kHeader = 8;
constexpr std::size_t kEntry = 12;
constexpr std::size_t kMaxValues = 1000; // of a directory

struct Value {
    std::uint32_t tag = 0;
    std::uint32_t type = 0;
    std::uint32_t count = 0;
    ByteSpan data;
};

struct Part {
    std::uint32_t pointer = 0; ///< tag that points to it; 0: the first
    std::size_t parent = 0;
    std::vector<Value> values;
};

std::string name_of(std::uint32_t tag) {
    if (tag == kMakerNote) return "the maker's notes";
    if (tag == 0x9286) return "the user's comment";
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "tag 0x%04x", tag);
    return text.data();
}

class Builder {
  public:
    explicit Builder(ByteSpan exif) : tiff_(exif) {
        if (!tiff_.valid()) return;
        const TiffDirectory main = tiff_.first();
        const TiffDirectory photo = tiff_.child(main, 0x8769);
        add(0, 0, main);
        add(0x8769, 0, photo);
        add(0x8825, 0, tiff_.child(main, 0x8825));
        add(0xa005, 1, tiff_.child(photo, 0xa005));
    }

    [[nodiscard]] bool empty() const noexcept { return parts_.empty() || parts_[0].values.empty(); }
    [[nodiscard]] std::size_t size() const {
        std::size_t total = kHeader;
        for (const Part &part : parts_) {
            total += 2 + 4 + kEntry; // count, next, and the pointer to it
            for (const Value &value : part.values)
                total += kEntry + (value.data.size() > 4 ? (value.data.size() + 1) / 2 * 2 : 0);
        }
        return total;
    }
    /// Takes out the largest value, or the first of a tag. @return what it was; empty: there is none
    [[nodiscard]] std::string drop(std::optional<std::uint32_t> tag) {
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
    [[nodiscard]] std::vector<std::byte> build() const;

  private:
    void add(std::uint32_t pointer, std::size_t parent, const TiffDirectory &directory) {
        Part part{pointer, parent, {}};
        for (const TiffEntry &entry : directory.entries) {
            if (part.values.size() >= kMaxValues) break;
            if (std::ranges::find(kPointers, entry.tag) != kPointers.end()) continue;
            part.values.push_back(
                {entry.tag, entry.type, entry.count, tiff_.bytes().subspan(entry.value, entry.size)});
        }
        parts_.push_back(std::move(part));
    }
    [[nodiscard]] std::vector<std::size_t> places() const;

    Tiff<const std::byte> tiff_;
    std::vector<Part> parts_;
};

/// Number of entries that a part has: its values, and pointers to other parts.
std::size_t entries_of(const std::vector<Part> &parts, std::size_t which) {
    std::size_t count = parts[which].values.size();
    for (std::size_t i = 1; i < parts.size(); ++i)
        count += parts[i].parent == which && !parts[i].values.empty() ? 1U : 0U;
    return count;
}

std::vector<std::size_t> Builder::places() const {
    std::vector<std::size_t> places;
    std::size_t at = kHeader;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        places.push_back(at);
        if (i == 0 || !parts_[i].values.empty()) at += 2 + entries_of(parts_, i) * kEntry + 4;
    }
    places.push_back(at);
    return places;
}

std::vector<std::byte> Builder::build() const {
    const std::vector<std::size_t> places = this->places();
    std::vector<std::byte> out(size());
    std::ranges::copy(tiff_.bytes().first(4), out.begin());
    Tiff<std::byte> made(out);
    made.put(4, kHeader, 4);
    std::size_t free = places.back();
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (i > 0 && parts_[i].values.empty()) continue;
        std::vector<Value> values = parts_[i].values;
        for (std::size_t k = 1; k < parts_.size(); ++k) {
            if (parts_[k].parent == i && !parts_[k].values.empty())
                values.push_back({parts_[k].pointer, kTiffLong, 1, {}});
        }
        std::ranges::sort(values, {}, &Value::tag);
        std::size_t at = places[i];
        made.put(at, static_cast<std::uint32_t>(values.size()), 2);
        at += 2;
        for (const Value &value : values) {
            made.put(at, value.tag, 2);
            made.put(at + 2, value.type, 2);
            made.put(at + 4, value.count, 4);
            std::size_t target = at + 8;
            if (value.data.empty()) {
                const auto part = std::ranges::find(parts_, value.tag, &Part::pointer);
                made.put(target,
                         static_cast<std::uint32_t>(places[static_cast<std::size_t>(part - parts_.begin())]),
                         4);
            } else if (value.data.size() > 4) {
                made.put(target, static_cast<std::uint32_t>(free), 4);
                target = free;
                free += (value.data.size() + 1) / 2 * 2;
            }
            std::ranges::copy(value.data, out.begin() + static_cast<std::ptrdiff_t>(target));
            at += kEntry;
        }
    }
    out.resize(free);
    return out;
}

} // namespace

std::vector<std::byte> shrink_exif(ByteSpan exif, std::size_t limit, std::vector<std::string> *notes) {
    if (exif.size() <= limit) return copy_of(exif);
    Builder builder(exif);
    std::string lost;
    const auto drop = [&](std::optional<std::uint32_t> tag) {
        const std::string what = builder.drop(tag);
        if (!what.empty()) lost += (lost.empty() ? "" : ", ") + what;
        return !what.empty();
    };
    // What they hold depends on where they stand.
    drop(kMakerNote);
    while (builder.size() > limit && drop(std::nullopt)) {
    }
    add_note(notes, "The EXIF data (" + std::to_string(exif.size()) +
                        " bytes) do not fit into a JPEG. Left out: the thumbnail" +
                        (lost.empty() ? "" : ", " + lost) + ".");
    return builder.empty() ? std::vector<std::byte>() : builder.build();
}

} // namespace mirra::image::detail
