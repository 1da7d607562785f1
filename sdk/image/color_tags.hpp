// What the numbers of PNG's colour chunks mean.
#pragma once

#include "mirra/image.hpp"

namespace mirra::image::detail {

using Chromaticities = std::array<std::uint32_t, 8>;

constexpr std::uint32_t kLinearGamma = 100000;
constexpr std::uint32_t kSrgbGamma = 45455;
constexpr Chromaticities kSrgbChromaticities{31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000};
constexpr Chromaticities kAdobeRgbChromaticities{31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000};
constexpr std::uint32_t kAdobeRgbGamma = 45471; // 1 / 2.19921875

/// Within rounding of what writers put for it.
[[nodiscard]] constexpr bool near(std::uint32_t value, std::uint32_t to) noexcept {
    return value + 1000 >= to && value <= to + 1000;
}

enum CicpTransfer : std::uint8_t {
    kTransferBt709 = 1,
    kTransferGamma22 = 4,
    kTransferGamma28 = 5,
    kTransferBt601 = 6,
    kTransferLinear = 8,
    kTransferSrgb = 13,
    kTransferBt2020 = 14,
    kTransferBt2020Wide = 15,
    kTransferPq = 16,
    kTransferHlg = 18
};

constexpr std::size_t kCicpPrimaries = 0;
constexpr std::size_t kCicpTransfer = 1;

/// White, red, green and blue of H.273's primaries; nothing for those that are not known here.
[[nodiscard]] std::optional<Chromaticities> chromaticities_of(std::uint8_t primaries) noexcept;

[[nodiscard]] bool is_srgb(const Chromaticities &chromaticities) noexcept;

/// Whether the tags beside a profile mean sRGB, or nothing.
[[nodiscard]] bool is_srgb(const ColorTags &tags) noexcept;

/// The profile to write where a file can hold nothing else: that of the picture, or one made of its tags.
/// Empty for sRGB, and with a note where no profile can say it.
[[nodiscard]] std::vector<std::byte> profile_to_write(const Metadata &metadata, bool gray,
                                                      std::vector<std::string> *notes);

} // namespace mirra::image::detail
