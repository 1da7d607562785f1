// Builders of the published architectures and of Mirra's own, as graphs. Sources: paper/NOTES.md sections 1,
// 2, 4.
#pragma once

#include "mirra/graph.hpp"

#include <array>

namespace mirra::graph {

/// What an encoder does to pixels in [0, 1] first.
enum class InputTransform : std::uint8_t {
    none,
    scale_pm1, ///< 2x - 1
    mean_std,  ///< (x - mean) / std with ImageNet's constants
};

enum class AlexNetTap : std::uint8_t { conv1, conv2, conv5 };

/// AlexNet's convolutional part: image [N,3,H,W] in [0,1] -> outputs "conv1", "conv2", "conv5", each after
/// ReLU and max pooling (64, 192 and 256 channels). Weights `encoder.features.{0,3,6,8,10}.{weight,bias}`.
Graph alexnet_encoder(InputTransform transform, std::string name = "encoder");
/// The same up to one tap; its single output is "features".
Graph alexnet_encoder(InputTransform transform, AlexNetTap tap, std::string name = "encoder");
/// Features -> image in [0,1], layer by layer as the authors' code (NOTES.md section 2). Weights
/// `generator.gen.N.*`.
Graph alexnet_generator(AlexNetTap tap);
/// alexnet_generator after alexnet_encoder; image in [0,1] -> image in [0,1], height and width multiples
/// of 32.
Graph alexnet_autoencoder(AlexNetTap tap, InputTransform transform = InputTransform::scale_pm1);

/// The paper's wavelet denoising autoencoder (NOTES.md section 4); image -> image in [0,1], extents 32m, m
/// >= 2. Weights `encoder.conv1_1.*` …, `generator.conv7_1.*` ….
Graph alexnet_denoiser(InputTransform transform = InputTransform::scale_pm1);

/// Width and depth of Mirra's own blind wavelet denoiser.
struct WaveletDenoiserOptions {
    std::vector<std::int64_t> channels{48, 96, 160}; ///< at 1/2, 1/4, 1/8 …
    std::vector<std::int64_t> blocks{1, 2, 3};       ///< residual blocks per level and direction
    bool noise_level_input = true;                   ///< a second input "noise_level" of one channel
};

/// Multi-level Haar encoder-decoder with additive skips and a global residual; see docs/denoiser.md.
/// Inputs "image" [N,3,H,W] in [0,1] and, if asked for, "noise_level" [N,1,H,W] (sigma in units of 1, or
/// kUnknownNoiseLevel everywhere: the network finds it out). Output "image". Extents: multiples of 2^levels.
Graph wavelet_denoiser(const WaveletDenoiserOptions &options);

inline constexpr double kUnknownNoiseLevel = -0.25;

} // namespace mirra::graph
