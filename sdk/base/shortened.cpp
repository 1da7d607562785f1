// Keeps the beginning, which says what it is about, and some of the end.
#include "mirra/shortened.hpp"

namespace mirra {
namespace {

/// Whether a character of UTF-8 goes on there.
bool goes_on(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

/// A character has three of them at most; where there are more the text is no UTF-8, and is cut anywhere.
constexpr std::size_t kMostGoOn = 3;

/// The beginning of the character that goes on there.
std::size_t back(std::string_view text, std::size_t at) {
    for (std::size_t i = 0; i <= kMostGoOn && i <= at; ++i)
        if (!goes_on(text[at - i])) return at - i;
    return at;
}

/// Its end.
std::size_t forth(std::string_view text, std::size_t at) {
    for (std::size_t i = at; i <= at + kMostGoOn; ++i)
        if (i == text.size() || !goes_on(text[i])) return i;
    return at;
}

} // namespace

std::string shortened(std::string_view text, std::size_t most) {
    constexpr std::string_view kGap = " [...] ";
    if (text.size() <= most) return std::string(text);
    if (most <= kGap.size()) return std::string(text.substr(0, back(text, most)));
    const std::size_t kept = most - kGap.size();
    const std::size_t end = back(text, kept - kept / 4), begin = forth(text, text.size() - kept / 4);
    return std::string(text.substr(0, end)) + std::string(kGap) + std::string(text.substr(begin));
}

} // namespace mirra
