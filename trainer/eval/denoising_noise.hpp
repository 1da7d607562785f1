// Noise of the pictures of a denoising evaluation.
#pragma once

#include "eval/float_picture.hpp"

#include <cstdint>

namespace mirra::trainer {

/// b = x + sqrt(gain x + sigma^2) n with n from N(0, 1): Gaussian noise, or with a gain that of a sensor
/// (Foi, Trimeche, Katkovnik, Egiazarian: Practical Poissonian-Gaussian Noise Modeling and Fitting for
/// Single-Image Raw-Data, 2008). Both are of 255: in units of 1/255 of the display range.
struct PictureNoise {
    double sigma = 0;    ///< of the signal's noise-free part: the read noise
    double gain = 0;     ///< levels per photon; 0: Gaussian noise
    bool clipped = true; ///< to [0, 1], as in the paper

    [[nodiscard]] bool operator==(const PictureNoise &) const = default;
};

/// Root of the noise's mean square over a picture before clipping, in units of 1.
double mean_deviation(const FloatPicture &clean, const PictureNoise &noise);

/// The picture with noise that depends on its size, `noise` and the seed alone; without a gain it is that of
/// image::add_gaussian_noise().
/// @param gray  the same noise in all channels
FloatPicture with_noise(const FloatPicture &clean, const PictureNoise &noise, bool gray, std::uint64_t seed);

/// BT.601's luma in all three channels.
FloatPicture in_gray(FloatPicture picture);
/// The channels' mean in all three: a gray picture as hosts bring it back.
FloatPicture mean_of_channels(FloatPicture picture);

} // namespace mirra::trainer
