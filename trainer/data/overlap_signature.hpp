// What tells whether two pictures are the same, or nearly.
#pragma once

#include "mirra/image.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mirra::trainer {

struct PictureSignature {
    std::string pixels; ///< SHA-256 of width, height and the 8-bit RGB pixels, in hex
    /// Of the picture in gray at 9 x 8: whether each value is less than its right neighbour ("dHash").
    std::uint64_t differences = 0;
    std::vector<float> thumbnail; ///< in gray at 32 x 32, less its mean, of length 1; zeros of a flat picture
};

/// @param picture   RGB with 8 bits
/// @param mirrored  of the picture with left and right exchanged
PictureSignature signature_of(const image::Image &picture, bool mirrored = false);

/// Bits that differ, 0 to 64.
int hamming_distance(const PictureSignature &a, const PictureSignature &b);
/// Of the thumbnails, -1 to 1.
double correlation(const PictureSignature &a, const PictureSignature &b);

} // namespace mirra::trainer
