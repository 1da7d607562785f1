// A small bitmap font for captions.
#pragma once

#include <array>
#include <cstdint>

namespace mirra::cli {

constexpr int kGlyphWidth = 8;
constexpr int kGlyphHeight = 13;
constexpr int kFirstGlyph = 32;
constexpr int kGlyphCount = 95;

/// Rows from the top; the highest bit is the leftmost pixel.
using Glyph = std::array<std::uint8_t, kGlyphHeight>;

extern const std::array<Glyph, kGlyphCount> kGlyphs;

/// The glyph of a character; that of '?' for one outside of ASCII.
inline const Glyph &glyph_of(char character) {
    const int index = static_cast<unsigned char>(character) - kFirstGlyph;
    return kGlyphs[static_cast<std::size_t>(index >= 0 && index < kGlyphCount ? index : '?' - kFirstGlyph)];
}

} // namespace mirra::cli
