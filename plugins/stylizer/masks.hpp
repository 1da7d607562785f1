// Where a style applies.
#pragma once

#include "settings.hpp"

#include <array>

namespace stylizer {

/// Luminance of encoded values (Rec. 709) of planes {3, area}, of place `at`.
inline float luminance(const std::vector<float> &planes, std::size_t at) {
    const std::size_t area = planes.size() / 3;
    return 0.2126F * planes[at] + 0.7152F * planes[area + at] + 0.0722F * planes[2 * area + at];
}

/// A mask's mean (where it is transparent, it masks by so much less) over the pixels that each cell of the
/// image's features lies in the middle of, 0 ... 1.
/// @param port    an image input
/// @param map     shape of the features of the whole image with its margin
/// @param margin  around the image
std::vector<float> cell_coverage(const Host &host, const char *port, const common::FeatureGrid &grid,
                                 const Shape &map, std::int64_t margin);

/// The mean alpha of an image over the pixels of each cell of its features; empty: all of it is opaque.
/// @param port            an image input
/// @param width, height   that it was brought to
/// @param padded          width and height of that on the grid, for the features
std::vector<float> cell_visibility(const Host &host, const char *port, std::int64_t width,
                                   std::int64_t height, const common::FeatureGrid &grid,
                                   const std::array<std::int64_t, 2> &padded, const Shape &map,
                                   std::int64_t margin = 0);

/// A mask's pixels, 0 ... 1, that the tile sees.
std::vector<float> pixel_coverage(const Host &host, const char *port, const mirra_tile &tile,
                                  std::int64_t margin);

} // namespace stylizer
