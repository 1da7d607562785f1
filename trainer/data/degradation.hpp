// Pictures made worse, for networks that learn to restore them: blurred, reduced, with noise.
#pragma once

#include "core/recipe.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace at {
class Tensor;
}

namespace mirra::trainer {

/// Brought to another size as MATLAB's imresize does it: bicubic with a = -0.5, the filter as wide as the
/// pixels of the smaller picture, mirrored edges. Linear, not clamped.
/// @param pictures  [N, C, H, W]
at::Tensor resized_bicubic(const at::Tensor &pictures, std::int64_t height, std::int64_t width);

/// Blurred by a Gaussian, edges replicated. @param sigmas  of each picture, in pixels; 0: as it is
at::Tensor blurred(const at::Tensor &pictures, const std::vector<double> &sigmas);

/// In [0, 1], rounded to what a picture with 8 bits holds.
at::Tensor in_8_bits(const at::Tensor &pictures);

/// What is done to a picture, in this order. Ranges are drawn from evenly, a value a picture.
struct Degradation {
    double blur_minimum = 0, blur_maximum = 0;   ///< sigma, in pixels
    std::int64_t downscale = 1;                  ///< sides become so many times smaller
    double noise_minimum = 0, noise_maximum = 0; ///< sigma of Gaussian noise, of 255

    /// The keys degradation.*
    void declare(RecipeKeys &keys);
    [[nodiscard]] bool does_anything() const {
        return blur_maximum > 0 || downscale > 1 || noise_maximum > 0;
    }
    /// With the middle of each range in its place.
    [[nodiscard]] Degradation middle() const;
    /// "blur 0.5 to 2, downscale 2, noise 5"; "none"
    [[nodiscard]] std::string text() const;
};

/// With 8 bits, as files have them. Depends on the pictures, seed and step alone.
/// @param pictures  [N, 3, H, W] in [0, 1]; the sides are multiples of the downscale
at::Tensor degraded(const at::Tensor &pictures, const Degradation &degradation, std::uint64_t seed,
                    std::int64_t step);

} // namespace mirra::trainer
