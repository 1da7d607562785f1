// What a denoiser takes, bounded by what noise explains.
#pragma once

#include "detail.hpp"

#include <array>

#include "mirra/mirra_plugin.hpp"

namespace denoiser {

/// Variances of noise by brightness, in units of the pixels.
using Explained = std::array<double, MIRRA_NOISE_PARTS>;

/// Pixels of each axis that are weighed together. Where tiles begin at multiples of it, the pixels of each
/// tile are enough.
inline constexpr std::int64_t kBoundCell = 8;

/// Holds the change of a tile to what noise explains: in each cell of the image its mean square is at most
/// the variance that noise has there, with a margin for chance; never more than that of the pixels
/// themselves; and no pixel changes by more than four standard deviations.
/// @param before, after  three channels of a tile, plane by plane
/// @param left, top      of the tile in the image
/// @return whether anything of `after` was changed
bool bound_change(const std::vector<float> &before, std::vector<float> &after, const Extent &extent,
                  std::int64_t left, std::int64_t top, const Explained &explained);

} // namespace denoiser
