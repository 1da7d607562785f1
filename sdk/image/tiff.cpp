// Directories of a TIFF block.
#include "tiff.hpp"

#include <algorithm>
#include <array>

namespace mirra::image::detail {
namespace {

constexpr std::size_t kEntry = 12;
constexpr std::size_t kHeader = 8;
/// Bytes of one value, by type; 0: no such type.
constexpr std::array<std::size_t, 14> kSizes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};

} // namespace

template<class Byte> bool Tiff<Byte>::valid() const {
    return bytes_.size() >= kHeader && bytes_[0] == bytes_[1] && (big_ || bytes_[0] == std::byte{'I'}) &&
           number(2, 2) == 42;
}

template<class Byte> std::uint32_t Tiff<Byte>::number(std::size_t at, std::size_t size) const {
    std::uint32_t value = 0;
    if (at > bytes_.size() || size > bytes_.size() - at) return 0;
    for (std::size_t i = 0; i < size; ++i)
        value = value << 8 | std::to_integer<std::uint32_t>(bytes_[at + (big_ ? i : size - 1 - i)]);
    return value;
}

template<class Byte>
void Tiff<Byte>::put(std::size_t at, std::uint32_t value, std::size_t size)
    requires(!std::is_const_v<Byte>)
{
    if (at > bytes_.size() || size > bytes_.size() - at) return;
    for (std::size_t i = 0; i < size; ++i)
        bytes_[at + i] = static_cast<std::byte>(value >> (8 * (big_ ? size - 1 - i : i)) & 0xffU);
}

template<class Byte> TiffDirectory Tiff<Byte>::directory(std::size_t offset) const {
    TiffDirectory found;
    if (!valid() || offset < kHeader || offset + 2 > bytes_.size()) return found;
    const std::size_t room = (bytes_.size() - offset - 2) / kEntry;
    const std::size_t stated = number(offset, 2);
    for (std::size_t i = 0; i < std::min(stated, room); ++i) {
        TiffEntry entry;
        entry.place = offset + 2 + i * kEntry;
        entry.tag = number(entry.place, 2);
        entry.type = number(entry.place + 2, 2);
        entry.count = number(entry.place + 4, 4);
        const std::size_t each = entry.type < kSizes.size() ? kSizes[entry.type] : 0;
        entry.size = each * entry.count;
        entry.value = entry.size <= 4 ? entry.place + 8 : number(entry.place + 8, 4);
        if (entry.size == 0 || entry.value > bytes_.size() || entry.size > bytes_.size() - entry.value)
            continue;
        found.entries.push_back(entry);
    }
    const std::size_t end = offset + 2 + stated * kEntry;
    if (end + 4 <= bytes_.size()) found.next_place = end;
    return found;
}

template<class Byte>
std::optional<TiffEntry> Tiff<Byte>::find(const TiffDirectory &directory, std::uint32_t tag) {
    const auto found = std::ranges::find(directory.entries, tag, &TiffEntry::tag);
    return found == directory.entries.end() ? std::nullopt : std::optional(*found);
}

template<class Byte>
std::optional<std::uint32_t> Tiff<Byte>::whole(const TiffDirectory &directory, std::uint32_t tag) const {
    const auto entry = find(directory, tag);
    if (!entry || (entry->type != kTiffShort && entry->type != kTiffLong)) return std::nullopt;
    return number(entry->value, entry->type == kTiffShort ? 2 : 4);
}

template<class Byte>
void Tiff<Byte>::set_whole(const TiffDirectory &directory, std::uint32_t tag, std::uint32_t value)
    requires(!std::is_const_v<Byte>)
{
    for (const TiffEntry &entry : directory.entries) {
        if (entry.tag != tag || entry.count != 1) continue;
        if (entry.type != kTiffShort && entry.type != kTiffLong) continue;
        // A number beyond a SHORT takes the entry's whole four bytes.
        if (entry.type == kTiffShort && value > 0xffffU) put(entry.place + 2, kTiffLong, 2);
        const bool wide = entry.type == kTiffLong || value > 0xffffU;
        if (!wide) put(entry.place + 10, 0, 2);
        put(entry.place + 8, value, wide ? 4 : 2);
    }
}

template<class Byte> TiffDirectory Tiff<Byte>::child(const TiffDirectory &parent, std::uint32_t tag) const {
    const auto offset = whole(parent, tag);
    return offset ? directory(*offset) : TiffDirectory{};
}

template class Tiff<std::byte>;
template class Tiff<const std::byte>;

} // namespace mirra::image::detail
