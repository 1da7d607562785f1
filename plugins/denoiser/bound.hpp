// What a denoiser takes, bounded by what noise explains.
#pragma once

#include "tile.hpp"

#include <array>

#include "mirra/mirra_plugin.hpp"

namespace denoiser {

/// Variances of noise by brightness, in units of the pixels.
using Explained = std::array<double, MIRRA_NOISE_PARTS>;

/// Pixels of each axis that are weighed together. Where tiles begin at multiples of it, the pixels of each
/// tile are enough.
inline constexpr std::int64_t kBoundCell = 8;

/// A tile before and after the network.
struct Change {
    Channels before, after;
    Extent extent;
    std::int64_t left, top; ///< of the tile in the image
};

/// Bands of rows of a tile, each of which bound_band() writes: apart from each other.
std::int64_t bands_of(const Change &change);

/// Holds the change of a tile to what noise explains: in each cell of the image its mean square is at most
/// the variance that noise has there, with a margin for chance; never more than that of the pixels
/// themselves; and no pixel changes by more than four standard deviations.
/// @param band    below bands_of(change)
/// @param result  three channels of the whole tile, plane by plane
void bound_band(const Change &change, const Explained &explained, std::int64_t band, float *result);

} // namespace denoiser
