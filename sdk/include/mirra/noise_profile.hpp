// What noise explains of a picture, by brightness.
#pragma once

#include "mirra/image.hpp"

#include <array>
#include <functional>
#include <vector>

namespace mirra::image {

/// Equal parts of the range of brightness.
inline constexpr std::size_t kNoiseParts = 8;

/// A small square of a picture: its mean, and its variance about the plane that fits it best.
struct MeasuredSquare {
    float brightness, variance;
};

struct NoiseMeasurement {
    double sigma = 0;
    std::vector<MeasuredSquare> squares; ///< spread over what is visible; black and white ones are left out
};

/// Calls body(index) for each index below `count`, in any order and on any threads, and returns when all are
/// done.
using ForEach = std::function<void(std::size_t count, const std::function<void(std::size_t index)> &body)>;

/// As estimate_noise, with what it looked at. @throws Error as estimate_noise
/// @param for_each  has the work done; empty: the calling thread does it
NoiseMeasurement measure_noise(const ConstImageView &view, const ForEach &for_each = {});

/// A rough estimate for pictures of any size and shape, from second differences along their axes; 0 where
/// fewer than three visible pixels stand side by side.
double estimate_noise_roughly(const ConstImageView &view);

/// The variance that noise has at most, of each part of the range of brightness. White noise has that of its
/// estimate. A camera's is stronger in some parts than in others, and shared by neighbours, which the
/// estimate does not see: the quietest squares do. They count the more, the more noise there is; where there
/// is hardly any, they are texture.
/// @param squares  their order changes
std::array<double, kNoiseParts> explained_variances(double sigma, std::vector<MeasuredSquare> &squares);

} // namespace mirra::image
