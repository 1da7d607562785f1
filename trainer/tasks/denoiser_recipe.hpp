// Every setting of a denoiser training, as its recipe gives it.
#pragma once

#include "mirra/architectures.hpp"
#include "tasks/adam_recipe.hpp"

#include <string>
#include <vector>

namespace mirra::trainer {

struct DenoiserRecipe {
    std::string architecture; ///< wavelet-denoiser | alexnet-denoiser
    graph::WaveletDenoiserOptions wavelet;
    graph::InputTransform input_transform = graph::InputTransform::mean_std; ///< of alexnet-denoiser
    std::vector<std::string> spectral_norm, zero_init, frozen;

    std::int64_t crop = 128, batch = 16;
    bool flips = true, rotations = true;

    double sigma_minimum = 0, sigma_maximum = 75; ///< of 255
    double clip_probability = 0.5, known_probability = 0;

    bool pixel_l1 = true;      ///< otherwise squared error
    double pixel_weight = 1;   ///< of the mean over all values
    double feature_weight = 0; ///< of the mean squared distance of comparator features; 0: no comparator

    AdamRecipe optimizer;

    std::int64_t validation_every = 500, validation_pictures = 12;
    double validation_sigma = 50;

    bool bf16 = true;
    std::uint64_t seed = 0;

    /// @throws Error invalid_argument
    static DenoiserRecipe read(Recipe &recipe);
    /// Whether the network's encoder is that of an encoder bundle.
    [[nodiscard]] bool starts_from_encoder() const { return architecture == "alexnet-denoiser"; }
    /// The network to train. @throws Error invalid_argument
    [[nodiscard]] graph::Graph network() const;
};

} // namespace mirra::trainer
