// Keeps the beginning, which says what it is about, and some of the end.
#include "mirra/shortened.hpp"

namespace mirra {
namespace {

/// Whether a character of UTF-8 goes on there.
bool goes_on(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

} // namespace

std::string shortened(std::string_view text, std::size_t most) {
    constexpr std::string_view kGap = " [...] ";
    if (text.size() <= most || most <= kGap.size()) return std::string(text);
    const std::size_t kept = most - kGap.size();
    std::size_t end = kept - kept / 4, begin = text.size() - kept / 4;
    while (end > 0 && goes_on(text[end])) --end;
    while (begin < text.size() && goes_on(text[begin])) ++begin;
    return std::string(text.substr(0, end)) + std::string(kGap) + std::string(text.substr(begin));
}

} // namespace mirra
