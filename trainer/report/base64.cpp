// Encoding.
#include "report/base64.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace mirra::trainer {

std::string base64(std::span<const std::byte> bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::size_t kBytes = 3, kChars = 4;
    constexpr unsigned kBits = 6, kMask = 63;
    std::string out;
    out.reserve((bytes.size() + kBytes - 1) / kBytes * kChars);
    for (std::size_t at = 0; at < bytes.size(); at += kBytes) {
        const auto count = std::min(kBytes, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < kBytes; ++i)
            group = group << 8 | (i < count ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0);
        for (std::size_t i = 0; i < kChars; ++i) {
            const auto shift = kBits * static_cast<unsigned>(kChars - 1 - i);
            out += i <= count ? kDigits[group >> shift & kMask] : '=';
        }
    }
    return out;
}

} // namespace mirra::trainer
