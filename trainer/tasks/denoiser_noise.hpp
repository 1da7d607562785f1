// Noise of a denoiser's training: Gaussian or that of a sensor, on colour and gray pictures.
#pragma once

#include "core/recipe.hpp"
#include "runtime/torch/libtorch.hpp"

#include <cstdint>

namespace mirra::trainer {

/// BT.601's luma. @param pictures  [N, 3, H, W] @return [N, 1, H, W]
torch::Tensor luma(const torch::Tensor &pictures);

/// The picture as bilinear interpolation of its Bayer mosaic (red at even rows and columns) gives it.
/// Linear. @param pictures  [N, 3, H, W], H and W at least 2
torch::Tensor demosaiced(const torch::Tensor &pictures);

/// The picture with the chroma of JPEG's YCbCr (BT.601) at half the width and, where `rows` too, half the
/// height: 4:2:2 or 4:2:0, means of pixels, interpolated linearly. Linear.
/// @param pictures  [N, 3, H, W], H and W even
torch::Tensor chroma_subsampled(const torch::Tensor &pictures, bool rows);

/// The recipe's table [noise]. Levels are of 255: in units of 1/255 of the display range.
struct NoiseRecipe {
    double sigma_minimum = 0, sigma_maximum = 75; ///< Gaussian noise
    double clip_probability = 0.5;                ///< of a batch; the others keep values beyond [0, 1]
    double known_probability = 0;                 ///< of a picture: its noise level is told to the network

    /// Of a picture whose level is told: told is a share of it instead, uniform in [0, told_maximum] at two
    /// opposite edges and linear between them. What is not told stays in the target, see NoisyBatch.
    double partly_known_probability = 0;
    double told_maximum = 2;

    /// Of a picture: Poisson-Gaussian noise instead, simulated as signal-dependent Gaussian noise (Foi,
    /// Trimeche, Katkovnik, Egiazarian: Practical Poissonian-Gaussian Noise Modeling and Fitting for
    /// Single-Image Raw-Data, 2008): b = x + sqrt(a x + s^2) n.
    double poisson_probability = 0;
    double gain_minimum = 0.05, gain_maximum = 12; ///< a, log-uniform: levels per photon
    double read_maximum = 20;                      ///< s, uniform from 0

    /// Of a colour picture: after its noise came in it is demosaiced, or its chroma subsampled (4:2:0 or
    /// 4:2:2, as often), or both; see camera_processing.hpp.
    double demosaic_probability = 0, chroma_probability = 0;

    double gray_probability = 0; ///< of a picture: gray (BT.601), with the same noise in all three channels

    /// The keys noise.*
    void declare(RecipeKeys &keys);
};

/// All [N, *, H, W].
struct NoisyBatch {
    /// Three channels: the clean picture in [0, 1], gray or processed where that was drawn. Where a share f <
    /// 1 of the deviation is told: clean + (1 - f^2) (noisy - clean), which is the mean of pictures that hold
    /// the part of independent Gaussian noise that is not told, given the noisy one.
    torch::Tensor target;
    torch::Tensor noisy;       ///< three channels, channels last
    torch::Tensor noise_level; ///< one channel: the told deviation, of Poisson-Gaussian noise at each pixel
                               ///< the root of its mean square over the colours; or graph::kUnknownNoiseLevel
};

/// Depends on the pictures, seed and step alone. @param pictures  clean, [N, 3, H, W] in [0, 1]
NoisyBatch add_noise(const torch::Tensor &pictures, const NoiseRecipe &recipe, std::uint64_t seed,
                     std::int64_t step);

} // namespace mirra::trainer
