// Every setting of a denoiser training, as its recipe gives it.
#pragma once

#include "losses/comparator.hpp"
#include "mirra/architectures.hpp"
#include "tasks/adam_recipe.hpp"
#include "tasks/denoiser_noise.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct DenoiserRecipe {
    std::string architecture; ///< wavelet-denoiser | alexnet-denoiser
    graph::WaveletDenoiserOptions wavelet;
    std::optional<graph::InputTransform> input_transform; ///< of alexnet-denoiser; empty: the encoder's
    std::vector<std::string> spectral_norm, zero_init, frozen;
    bool identity_tail = false; ///< the last layers start as color_tail.hpp has it

    std::int64_t crop = 128, batch = 16;
    bool flips = true, rotations = true;

    NoiseRecipe noise;

    bool pixel_l1 = true;      ///< otherwise squared error
    double pixel_weight = 1;   ///< of the mean over all values
    double feature_weight = 0; ///< of the distance of comparator features; 0: no comparator
    FeatureDistance feature_distance = FeatureDistance::squared;

    AdamRecipe optimizer;

    std::int64_t validation_every = 500, validation_pictures = 12;
    double validation_sigma = 50;

    std::string precision = "bf16"; ///< bf16 | fp32 | auto (bf16 where the device is faster in it)
    std::uint64_t seed = 0;

    /// @throws Error invalid_argument
    static DenoiserRecipe read(Recipe &recipe);
    /// Whether the network's encoder is that of an encoder bundle.
    [[nodiscard]] bool starts_from_encoder() const { return architecture == "alexnet-denoiser"; }
    /// The network to train.
    /// @param encoder  of the encoder bundle; null: alexnet-denoiser has the published width
    /// @throws Error invalid_argument | mismatch
    [[nodiscard]] graph::Graph network(const graph::Graph *encoder = nullptr) const;
};

} // namespace mirra::trainer
