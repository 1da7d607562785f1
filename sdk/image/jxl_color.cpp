// Numbers of H.273, which JPEG XL shares for the most part, and PNG's gamma and chromaticities.
#include "jxl_color.hpp"

#include "color_tags.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace mirra::image::detail {
namespace {

constexpr double kUnit = 100000; ///< of PNG's numbers
constexpr std::uint8_t kBt709 = 1, kBt2020 = 9, kP3Cinema = 11, kP3 = 12;

struct Primaries {
    std::uint8_t number;
    JxlWhitePoint white;
    JxlPrimaries primaries;
};
constexpr std::array kPrimaries{Primaries{kBt709, JXL_WHITE_POINT_D65, JXL_PRIMARIES_SRGB},
                                Primaries{kBt2020, JXL_WHITE_POINT_D65, JXL_PRIMARIES_2100},
                                Primaries{kP3, JXL_WHITE_POINT_D65, JXL_PRIMARIES_P3},
                                Primaries{kP3Cinema, JXL_WHITE_POINT_DCI, JXL_PRIMARIES_P3}};

constexpr std::array kTransfers{JXL_TRANSFER_FUNCTION_709, JXL_TRANSFER_FUNCTION_LINEAR,
                                JXL_TRANSFER_FUNCTION_SRGB, JXL_TRANSFER_FUNCTION_PQ,
                                JXL_TRANSFER_FUNCTION_HLG};

JxlColorEncoding srgb(bool gray) {
    JxlColorEncoding color{};
    color.color_space = gray ? JXL_COLOR_SPACE_GRAY : JXL_COLOR_SPACE_RGB;
    color.white_point = JXL_WHITE_POINT_D65;
    color.primaries = JXL_PRIMARIES_SRGB;
    color.transfer_function = JXL_TRANSFER_FUNCTION_SRGB;
    color.rendering_intent = JXL_RENDERING_INTENT_RELATIVE;
    return color;
}

bool set_transfer(JxlColorEncoding &color, std::uint8_t transfer) {
    const bool same_curve =
        transfer == kTransferBt601 || transfer == kTransferBt2020 || transfer == kTransferBt2020Wide;
    const auto number = same_curve ? std::uint8_t{kTransferBt709} : transfer;
    const auto found =
        std::ranges::find(kTransfers, int{number}, [](auto each) { return static_cast<int>(each); });
    if (found == kTransfers.end()) return false;
    color.transfer_function = *found;
    return true;
}

void set_gamma(JxlColorEncoding &color, std::uint32_t gamma) {
    if (near(gamma, kLinearGamma)) {
        color.transfer_function = JXL_TRANSFER_FUNCTION_LINEAR;
        return;
    }
    color.transfer_function = JXL_TRANSFER_FUNCTION_GAMMA;
    color.gamma = gamma / kUnit;
}

void set_chromaticities(JxlColorEncoding &color, const Chromaticities &values) {
    const std::array places{std::span(color.white_point_xy), std::span(color.primaries_red_xy),
                            std::span(color.primaries_green_xy), std::span(color.primaries_blue_xy)};
    for (std::size_t i = 0; i < values.size(); ++i) places[i / 2][i % 2] = values[i] / kUnit;
    color.white_point = JXL_WHITE_POINT_CUSTOM;
    color.primaries = JXL_PRIMARIES_CUSTOM;
}

Chromaticities chromaticities_of(const JxlColorEncoding &color) {
    const std::array places{std::span(color.white_point_xy), std::span(color.primaries_red_xy),
                            std::span(color.primaries_green_xy), std::span(color.primaries_blue_xy)};
    Chromaticities values{};
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] =
            static_cast<std::uint32_t>(std::lround(std::clamp(places[i / 2][i % 2], 0.0, 1.0) * kUnit));
    return values;
}

} // namespace

std::optional<ColorTags> tags_of(const JxlColorEncoding &color) {
    ColorTags tags;
    const bool gray = color.color_space == JXL_COLOR_SPACE_GRAY;
    if (!gray && color.color_space != JXL_COLOR_SPACE_RGB) return std::nullopt;
    const auto primaries = std::ranges::find_if(kPrimaries, [&](const Primaries &each) {
        return color.white_point == each.white && (gray || color.primaries == each.primaries);
    });
    if (color.transfer_function == JXL_TRANSFER_FUNCTION_GAMMA) {
        if (!(color.gamma > 0) || color.gamma > 1) return std::nullopt;
        tags.gamma = static_cast<std::uint32_t>(std::lround(color.gamma * kUnit));
        if (!gray) tags.chromaticities = chromaticities_of(color);
        return tags;
    }
    if (primaries == kPrimaries.end() ||
        std::ranges::find(kTransfers, color.transfer_function) == kTransfers.end())
        return std::nullopt;
    const auto transfer = static_cast<std::uint8_t>(color.transfer_function);
    if (primaries->number == kBt709 && transfer == kTransferSrgb) return tags;
    constexpr std::uint8_t kRgb = 0, kFullRange = 1;
    tags.cicp = {primaries->number, transfer, kRgb, kFullRange};
    return tags;
}

std::optional<JxlColorEncoding> jxl_color(const ColorTags &tags, bool gray) {
    JxlColorEncoding color = srgb(gray);
    if (tags.cicp) {
        const auto known = std::ranges::find(kPrimaries, (*tags.cicp)[kCicpPrimaries], &Primaries::number);
        if (known == kPrimaries.end()) return std::nullopt;
        color.white_point = known->white;
        color.primaries = known->primaries;
        return set_transfer(color, (*tags.cicp)[kCicpTransfer]) ? std::optional(color) : std::nullopt;
    }
    if (is_srgb(tags)) return color;
    if (tags.gamma) set_gamma(color, *tags.gamma);
    if (tags.chromaticities && !is_srgb(*tags.chromaticities))
        set_chromaticities(color, *tags.chromaticities);
    return color;
}

} // namespace mirra::image::detail
