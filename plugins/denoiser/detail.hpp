// Detail that a denoiser took along with the noise.
#pragma once

#include <cstdint>
#include <vector>

namespace denoiser {

/// A tile, and what of it lies in the image: pixels behind that were made up to fill it.
struct Extent {
    std::int64_t height = 0, width = 0;
    std::int64_t inside_height = 0, inside_width = 0;
};

/// Pixels that the share of one depends on to each side.
inline constexpr std::uint32_t kDetailReach = 4;

/// How much of the difference of both at a pixel is structure rather than noise, 0 ... 1: the gain of
/// Wiener's filter from local statistics (Lee: Digital Image Enhancement and Noise Filtering by Use of Local
/// Statistics, 1980), max(0, 1 - t sigma^2 / E), where E is the mean of the squared difference over the
/// channels and a window, and t allows for its scatter where there is noise alone.
/// @param before, after  three channels of a tile, plane by plane
/// @param sigma          of the noise, in units of the values: one for each pixel, or one for all
std::vector<float> structure_shares(const std::vector<float> &before, const std::vector<float> &after,
                                    const Extent &extent, const std::vector<float> &sigma);

} // namespace denoiser
