// What is taken of the denoised picture.
#pragma once

#include "settings.hpp"
#include "tile.hpp"

namespace denoiser {

/// Moves `before` towards `after` by one share in all channels.
Tensor blend(const Host &host, const mirra_tensor *before, const Tensor &after, double share);

/// Splits the change of each pixel into that of the luma of ITU-R BT.601, the same in all channels, and the
/// rest, which has no luma, and takes a share of each: before + luminance * luma(after - before) +
/// chrominance * (after - before - luma(after - before)).
/// @param left_out    of each pixel's share of luminance, how much of it is not taken, 0 ... 1; empty:
/// nothing
/// @param first, end  rows of the tile that are written
/// @param result      three channels of the whole tile, plane by plane
void blend_components(const Channels &before, const Channels &after, const Extent &extent,
                      const Shares &shares, const std::vector<float> &left_out, std::int64_t first,
                      std::int64_t end, float *result);

} // namespace denoiser
