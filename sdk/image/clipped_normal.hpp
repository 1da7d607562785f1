// What clamping to [0, 1] leaves of Gaussian noise, and back.
#pragma once

#include <array>
#include <cstddef>

namespace mirra::image::detail {

constexpr std::size_t kLevels = 64; ///< brightness classes, evenly over [0, 1]

/// A number for each brightness class.
using Levels = std::array<double, kLevels>;

/// The class of a brightness; beyond [0, 1] the first or last.
[[nodiscard]] std::size_t level_of(double brightness) noexcept;

/// Variance of noise of standard deviation `sigma` after clamping, where the clamped mean is at each level.
[[nodiscard]] Levels clipped_variances(double sigma);

/// The sigma whose clamped variance, averaged with the weights `counts`, is `variance`; at most 1.
[[nodiscard]] double undo_clipping(const Levels &counts, double variance);

} // namespace mirra::image::detail
