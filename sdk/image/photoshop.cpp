// Photoshop's image resources: "8BIM", number, name, length, data, each padded to even.
#include "photoshop.hpp"

#include "notes.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace mirra::image::detail {
namespace {

constexpr std::string_view kSignature = "8BIM";
constexpr std::uint32_t kIptc = 0x0404;
/// What says nothing of places in the picture: IPTC, its digest, copyright flag, address, caption, XMP's kin.
constexpr std::array<std::uint32_t, 5> kPlaceless{kIptc, 0x0425, 0x040a, 0x040b, 0x03f0};
constexpr std::array<std::uint32_t, 4> kNoLongerTrue{0x03ed, 0x0409, 0x040c,
                                                     0x0422}; // also EXIF's second home
constexpr std::byte kIptcMarker{0x1c};

struct Resource {
    std::uint32_t id = 0;
    ByteSpan whole;
};

/// Takes the next resource off `rest`; nothing where it is broken.
std::optional<Resource> take(ByteSpan &rest) {
    constexpr std::size_t kHead = 4 + 2;
    if (rest.size() < kHead + 2 + 4 || as_text(rest).substr(0, 4) != kSignature) return std::nullopt;
    const std::size_t name = (std::to_integer<std::size_t>(rest[kHead]) + 2) / 2 * 2;
    if (rest.size() < kHead + name + 4) return std::nullopt;
    const std::size_t length = big_endian(rest, kHead + name, 4);
    const std::size_t begin = kHead + name + 4;
    if (length > rest.size() - begin) return std::nullopt;
    const std::size_t size = std::min(begin + length + length % 2, rest.size());
    const Resource found{big_endian(rest, 4, 2), rest.first(size)};
    rest = rest.subspan(size);
    return found;
}

} // namespace

std::vector<std::byte> to_photoshop(ByteSpan bytes) {
    if (as_text(bytes).starts_with(kSignature)) return copy_of(bytes);
    if (bytes.empty() || bytes[0] != kIptcMarker) return {};
    std::vector<std::byte> out = copy_of(as_bytes(kSignature));
    append_big_endian(out, kIptc, 2);
    append_big_endian(out, 0, 2);
    append_big_endian(out, static_cast<std::uint32_t>(bytes.size()), 4);
    append(out, bytes);
    if (bytes.size() % 2 != 0) out.push_back(std::byte{0});
    return out;
}

void make_photoshop_true(std::vector<std::byte> &resources, bool turned, std::vector<std::string> &notes) {
    std::vector<std::byte> kept;
    bool lost = false;
    for (ByteSpan rest = resources; const auto resource = take(rest);) {
        if (std::ranges::find(kNoLongerTrue, resource->id) != kNoLongerTrue.end()) continue;
        const bool placeless = std::ranges::find(kPlaceless, resource->id) != kPlaceless.end();
        lost = lost || (turned && !placeless);
        if (turned && !placeless) continue;
        append(kept, resource->whole);
        if (kept.size() % 2 != 0) kept.push_back(std::byte{0}); // the last one's padding may lack
    }
    if (lost)
        add_note(notes,
                 "Photoshop's paths, guides and settings were left out, because the picture was turned.");
    resources = std::move(kept);
}

} // namespace mirra::image::detail
