// Builders of the published architectures and of Mirra's own, as graphs. Sources:
// docs/explanation/method.md.
#pragma once

#include "mirra/graph.hpp"

#include <array>
#include <optional>

namespace mirra::graph {

/// What an encoder does to pixels in [0, 1] first.
enum class InputTransform : std::uint8_t {
    none,
    scale_pm1,      ///< 2x - 1
    mean_std,       ///< (x - mean) / std with ImageNet's constants
    mean_std_cifar, ///< (x - mean) / std with CIFAR-10's constants
};

/// "none", "scale_pm1", "mean_std", "mean_std_cifar": as recipes and command lines have them.
std::string_view name_of(InputTransform transform);
/// Every transform.
std::span<const InputTransform> input_transforms();
/// @throws Error invalid_argument, the hint lists the names
InputTransform parse_input_transform(std::string_view name);

/// (x - mean) / deviation per channel.
struct Normalisation {
    std::array<double, 3> mean{0, 0, 0}, deviation{1, 1, 1};
    [[nodiscard]] bool operator==(const Normalisation &) const = default;
};
/// What a transform computes.
Normalisation normalisation_of(InputTransform transform);

enum class AlexNetTap : std::uint8_t { conv1, conv2, conv5 };

/// AlexNet's convolutional part: image [N,3,H,W] in [0,1] -> outputs "conv1", "conv2", "conv5", each after
/// ReLU and max pooling (64, 192 and 256 channels). Weights `encoder.features.{0,3,6,8,10}.{weight,bias}`.
Graph alexnet_encoder(InputTransform transform, std::string name = "encoder");
/// The same up to one tap; its single output is "features".
Graph alexnet_encoder(InputTransform transform, AlexNetTap tap, std::string name = "encoder");
/// Features -> image in [0,1], layer by layer as the authors' code (docs/explanation/method.md). Weights
/// `generator.gen.N.*`.
Graph alexnet_generator(AlexNetTap tap);
/// alexnet_generator after alexnet_encoder; image in [0,1] -> image in [0,1], height and width multiples
/// of 32.
Graph alexnet_autoencoder(AlexNetTap tap, InputTransform transform = InputTransform::scale_pm1);

/// The paper's wavelet denoising autoencoder (docs/explanation/method.md); image -> image in [0,1], extents
/// 32m, m
/// >= 2. Weights `encoder.features.{0,3,6,8,10}.*`, `generator.conv7_1.*` ….
Graph alexnet_denoiser(InputTransform transform = InputTransform::scale_pm1);
/// The same behind an AlexNet encoder of any width: with its channel counts, and with its constants unless a
/// transform is given. @throws Error mismatch for an encoder of another kind
Graph alexnet_denoiser(const Graph &encoder, std::optional<InputTransform> transform = std::nullopt);

/// A classification network whose convolutional part serves as an encoder.
struct ClassifierOptions {
    std::string architecture = "alexnet"; ///< one of classifier_architectures()
    double width = 1;                     ///< factor of all channel counts, each rounded to a multiple of 8
    InputTransform transform = InputTransform::mean_std;
    std::int64_t classes = 10;
    std::vector<std::int64_t> hidden{4096, 4096};    ///< linear layers before the last one (alexnet, vgg16)
    std::int64_t pooled_extent = 6;                  ///< extent of the features before them (alexnet, vgg16)
    bool batch_norm = false;                         ///< after every convolution (vgg16)
    std::optional<Normalisation> normalisation = {}; ///< other constants, instead of `transform`
    std::int64_t blocks = 4;                         ///< of a stage (wrn-28-10; its depth is 6 blocks + 4)
};

struct ClassifierGraphs {
    Graph encoder;    ///< "image" -> the taps, deepest last
    Graph classifier; ///< "image" -> "logits" [N, classes]; refers to the encoder's weights
};

/// AlexNet and VGG-16 in torchvision's layout; ResNet-18 and WRN-28-10 for 32 x 32 pictures in that of the
/// robustness library. Weights `encoder.<published name>` and, behind the deepest tap, `head.<published
/// name>`. Taps: conv1, conv2, conv5 | conv5_1 | layer3, layer4 | block2, block3_raw, block3 (after the last
/// batch norm).
/// @throws Error invalid_argument
ClassifierGraphs classifier(const ClassifierOptions &options);

std::vector<std::string> classifier_architectures();

/// Output channels of the last layer with weights on the way to the first output; 0 if there is none.
std::int64_t logit_count(const Graph &classifier);

struct GeneratorOptions {
    std::string layout = "auto"; ///< one of generator_layouts()
    double width = 1;            ///< factor of the channel counts behind the features
};

/// Features of one of an encoder's taps -> image in [0, 1]: "features" [N,C,h,w] -> "image" [N,3,H,W], named
/// "generator-TAP". Layouts: "alexnet" (Tables A4, A6 and A7 as the authors' code, the channel counts scaled
/// with those of the features), "mirror" (the plain mirror image of any encoder whose stride is a power of
/// two), "resize" (the same, enlarging by nearest neighbours in place of transposed convolutions), "deepsim"
/// (Dosovitskiy and Brox 2016; AlexNet's conv5 at 224 px alone), "auto" (alexnet for AlexNet's taps, else
/// mirror). Weights `generator.gen.N.*`, of deepsim `generator.<layer>.*`.
/// @throws Error not_found (tap) | invalid_argument (layout, width) | unsupported (an encoder of another
/// kind)
Graph generator(const Graph &encoder, const std::string &tap, const GeneratorOptions &options = {});

std::vector<std::string> generator_layouts();

/// The encoder up to the tap with the generator behind it, image -> image, named "autoencoder-TAP".
/// @throws Error not_found | mismatch
Graph autoencoder(const Graph &encoder, const std::string &tap, const Graph &generator);

/// Table A5's discriminator: "image" [N,3,H,W] in [0,1] and "features" [N,C,h,w] of the target -> "logit"
/// [N,1]. Dropout belongs before `classifier02.1` and `classifier02.4`; all convolutions are spectrally
/// normalised.
/// @param extent  of the pictures, at least 32; below 128 the first stride is smaller than the published 4
Graph discriminator(std::int64_t feature_channels, std::int64_t extent, double width = 1);

/// Width and depth of Mirra's own blind wavelet denoiser.
struct WaveletDenoiserOptions {
    std::vector<std::int64_t> channels{48, 96, 160}; ///< at 1/2, 1/4, 1/8 …
    std::vector<std::int64_t> blocks{1, 2, 3};       ///< residual blocks per level and direction
    bool noise_level_input = true;                   ///< a second input "noise_level" of one channel
};

/// Multi-level Haar encoder-decoder with additive skips and a global residual; see
/// docs/explanation/denoiser.md. Inputs "image" [N,3,H,W] in [0,1] and, if asked for, "noise_level" [N,1,H,W]
/// (sigma in units of 1, or kUnknownNoiseLevel everywhere: the network finds it out). Output "image".
/// Extents: multiples of 2^levels.
Graph wavelet_denoiser(const WaveletDenoiserOptions &options);

inline constexpr double kUnknownNoiseLevel = -0.25;

} // namespace mirra::graph
