// What the colour tags of a picture mean.
#include "color_tags.hpp"

#include "mirra/error.hpp"
#include "notes.hpp"
#include "profile.hpp"

#include <algorithm>
#include <utility>

namespace mirra::image {

using detail::is_linear;
using detail::kCicpTransfer;

Transfer stated_transfer(const Metadata &metadata) {
    const ColorTags &color = metadata.color;
    if (color.cicp) {
        const std::uint8_t transfer = (*color.cicp)[kCicpTransfer];
        return transfer == detail::kTransferLinear ? Transfer::linear
               : transfer == detail::kTransferSrgb ? Transfer::srgb
                                                   : Transfer::unknown;
    }
    if (!metadata.icc.empty()) return is_linear(metadata.icc) ? Transfer::linear : Transfer::unknown;
    if (color.srgb) return Transfer::srgb;
    const bool linear = color.gamma && detail::near(*color.gamma, detail::kLinearGamma);
    return linear ? Transfer::linear : Transfer::unknown;
}

std::string_view stated_color(const Metadata &metadata) noexcept {
    const ColorTags &color = metadata.color;
    if (color.cicp) return "cicp";
    if (!metadata.icc.empty()) return "icc";
    if (color.srgb) return "srgb";
    return color.gamma || color.chromaticities ? "gama" : "";
}

bool same_color(const Metadata &a, const Metadata &b) {
    const bool plain_a = a.icc.empty() || a.color.cicp;
    const bool plain_b = b.icc.empty() || b.color.cicp;
    if (plain_a && plain_b && detail::is_srgb(a.color) && detail::is_srgb(b.color)) return true;
    return a.icc == b.icc && a.color == b.color;
}

bool on_srgb_curve(const Metadata &metadata) {
    const ColorTags &color = metadata.color;
    if (color.cicp) return (*color.cicp)[kCicpTransfer] == detail::kTransferSrgb;
    if (!metadata.icc.empty()) return false;
    return color.srgb || !color.gamma || detail::near(*color.gamma, detail::kSrgbGamma);
}

Metadata with_srgb_curve(const Metadata &metadata) {
    Metadata result = metadata;
    ColorTags &color = result.color;
    if (color.cicp) (*color.cicp)[kCicpTransfer] = detail::kTransferSrgb;
    if (!metadata.icc.empty()) {
        const ForkPause pause;
        const auto context = detail::make_context();
        const auto profile = detail::open_profile(context, metadata.icc);
        const bool done = profile && detail::is_linear(metadata.icc);
        if (done) result.icc = detail::bytes_on_srgb_curve(context, profile);
        if (!done && !color.cicp)
            throw Error(ErrorCode::unsupported, "the ICC profile cannot be brought to the sRGB curve",
                        "image");
    }
    if (!color.gamma) return result;
    color.gamma = detail::kSrgbGamma;
    const bool only_gamma = !color.cicp && metadata.icc.empty();
    if (only_gamma && (!color.chromaticities || detail::is_srgb(*color.chromaticities)))
        color.srgb = std::uint8_t{0};
    return result;
}

ColorTags linear_srgb_tags() {
    constexpr std::uint32_t kLinear = 100000;
    ColorTags tags;
    tags.gamma = kLinear;
    tags.chromaticities = detail::kSrgbChromaticities;
    return tags;
}

namespace {

/// From the picture's samples to the same on the sRGB curve; null where that cannot be.
detail::CmsTransform srgb_transform(const detail::CmsContext &context, const Image &image) {
    if (image.sample() == SampleType::f16) return nullptr;
    const ForkPause pause;
    const bool gray = image.channels() < 3;
    const bool alpha = image.channels() % 2 == 0;
    const bool real = image.sample() == SampleType::f32;
    const auto from = detail::profile_of(context, image.metadata, gray);
    const auto to = detail::srgb_profile(context, gray);
    if (!from || !to) return nullptr;
    const cmsUInt32Number format =
        (real ? FLOAT_SH(1U) : 0U) | COLORSPACE_SH(static_cast<unsigned>(gray ? PT_GRAY : PT_RGB)) |
        ENDIAN16_SH(image.sample() == SampleType::u16_swapped ? 1U : 0U) | EXTRA_SH(alpha ? 1U : 0U) |
        CHANNELS_SH(gray ? 1U : 3U) | BYTES_SH(static_cast<unsigned>(sample_bytes(image.sample())));
    const auto flags = static_cast<cmsUInt32Number>(cmsFLAGS_COPY_ALPHA | cmsFLAGS_NOCACHE |
                                                    cmsFLAGS_BLACKPOINTCOMPENSATION);
    return detail::CmsTransform(cmsCreateTransformTHR(context.get(), from.get(), format, to.get(), format,
                                                      INTENT_RELATIVE_COLORIMETRIC, flags));
}

} // namespace

void convert_to_srgb(Image &image) {
    Metadata &metadata = image.metadata;
    const auto tag = [&] {
        metadata.icc.clear();
        metadata.color = ColorTags{};
        metadata.color.srgb = std::uint8_t{0};
        image.transfer = Transfer::srgb;
    };
    Metadata plain;
    if (same_color(metadata, plain)) return tag();
    const auto context = detail::make_context();
    const auto transform = srgb_transform(context, image);
    if (!transform)
        throw Error(ErrorCode::unsupported, "the picture's colours cannot be converted to sRGB", "picture");
    const auto row = static_cast<std::size_t>(image.view().y_stride);
    for (std::int32_t y = 0; y < image.height(); ++y) {
        std::byte *const pixels = image.bytes().data() + static_cast<std::size_t>(y) * row;
        cmsDoTransform(transform.get(), pixels, pixels, static_cast<cmsUInt32Number>(image.width()));
    }
    tag();
}

namespace detail {

std::optional<Chromaticities> chromaticities_of(std::uint8_t primaries) noexcept {
    constexpr std::uint32_t kD65X = 31270;
    constexpr std::uint32_t kD65Y = 32900;
    static constexpr std::array<std::pair<int, Chromaticities>, 9> kKnown{{
        {1, kSrgbChromaticities},
        {4, {31000, 31600, 67000, 33000, 21000, 71000, 14000, 8000}},
        {5, {kD65X, kD65Y, 64000, 33000, 29000, 60000, 15000, 6000}},
        {6, {kD65X, kD65Y, 63000, 34000, 31000, 59500, 15500, 7000}},
        {7, {kD65X, kD65Y, 63000, 34000, 31000, 59500, 15500, 7000}},
        {9, {kD65X, kD65Y, 70800, 29200, 17000, 79700, 13100, 4600}},
        {11, {31400, 35100, 68000, 32000, 26500, 69000, 15000, 6000}},
        {12, {kD65X, kD65Y, 68000, 32000, 26500, 69000, 15000, 6000}},
        {22, {kD65X, kD65Y, 63000, 34000, 29500, 60500, 15500, 7700}},
    }};
    const auto found = std::ranges::find(kKnown, int{primaries}, &std::pair<int, Chromaticities>::first);
    return found == kKnown.end() ? std::nullopt : std::optional(found->second);
}

bool is_srgb(const Chromaticities &chromaticities) noexcept {
    constexpr std::uint32_t kRounding = 100;
    return std::ranges::equal(chromaticities, kSrgbChromaticities, [](std::uint32_t a, std::uint32_t b) {
        return a + kRounding >= b && a <= b + kRounding;
    });
}

bool is_srgb(const ColorTags &tags) noexcept {
    if (tags.cicp) return (*tags.cicp)[kCicpPrimaries] == 1 && (*tags.cicp)[kCicpTransfer] == kTransferSrgb;
    if (tags.srgb) return true;
    return (!tags.gamma || near(*tags.gamma, kSrgbGamma)) &&
           (!tags.chromaticities || is_srgb(*tags.chromaticities));
}

std::vector<std::byte> profile_to_write(const Metadata &metadata, bool gray,
                                        std::vector<std::string> *notes) {
    if (!metadata.icc.empty() && !metadata.color.cicp) return metadata.icc;
    if (is_srgb(metadata.color)) return {};
    const ForkPause pause;
    const auto context = make_context();
    Metadata tags;
    tags.color = metadata.color;
    const auto profile = profile_of(context, tags, gray);
    if (profile) return bytes_of(profile);
    if (!metadata.icc.empty()) return metadata.icc;
    add_note(notes, "What the file says of its colours (cICP) cannot be said in a JPEG and was left out.");
    return {};
}

} // namespace detail
} // namespace mirra::image
