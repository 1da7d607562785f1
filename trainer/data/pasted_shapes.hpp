// Outlines of synthetic defects: how much of a defect lies over each pixel.
#pragma once

#include "core/random.hpp"

#include <opencv2/core.hpp>

#include <array>
#include <cstdint>

namespace mirra::trainer {

enum class ShapeKind : std::uint8_t { crack, scratch, pit, blob, patch, band };
inline constexpr std::array kShapeKinds{ShapeKind::crack, ShapeKind::scratch, ShapeKind::pit,
                                        ShapeKind::blob,  ShapeKind::patch,   ShapeKind::band};

/// Lines a few pixels wide, which are nothing but their outline.
constexpr bool is_thin(ShapeKind kind) {
    return kind == ShapeKind::crack || kind == ShapeKind::scratch;
}

/// Cracks wander, scratches run straight on, pits are small and round, blobs are ragged, patches are
/// rectangles, ellipses and polygons, bands go across the picture.
/// @param centre  about which it lies, or where it begins; also at the picture's border
/// @returns  CV_32F, 0 to 1
cv::Mat draw_shape(ShapeKind kind, cv::Size size, cv::Point2d centre, CounterRandom &random);

/// Smooth noise between -1 and 1, CV_32F.
/// @param period   size of its coarsest features in pixels
/// @param octaves  of which each has features half as large and as high
cv::Mat smooth_noise(cv::Size size, double period, int octaves, CounterRandom &random);

} // namespace mirra::trainer
