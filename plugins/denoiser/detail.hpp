// Detail that a denoiser took along with the noise.
#pragma once

#include "tile.hpp"

#include <vector>

namespace denoiser {

/// Pixels that the share of one depends on to each side.
inline constexpr std::uint32_t kDetailReach = 4;

/// How much of the difference of both at a pixel is structure rather than noise, 0 ... 1: the gain of
/// Wiener's filter from local statistics (Lee: Digital Image Enhancement and Noise Filtering by Use of Local
/// Statistics, 1980), max(0, 1 - t sigma^2 / E), where E is the mean of the squared difference over the
/// channels and a window, and t allows for its scatter where there is noise alone.
/// @param sigma  of the noise, in units of the values: one for each pixel, or one for all
std::vector<float> structure_shares(const Channels &before, const Channels &after, const Extent &extent,
                                    const std::vector<float> &sigma);

} // namespace denoiser
