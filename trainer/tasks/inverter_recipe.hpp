// Every setting of an inverter training, as its recipe gives it.
#pragma once

#include "losses/comparator.hpp"
#include "mirra/architectures.hpp"
#include "tasks/adam_recipe.hpp"
#include "tasks/picture_recipe.hpp"

#include <string>

namespace mirra::trainer {

/// How the last layers of a generator start that ends in three channels; see color_tail.hpp.
enum class ColorTail : std::uint8_t {
    random,
    identity, ///< without --init; an error where the generator ends otherwise
    automatic ///< identity where there is such an end
};

struct InverterRecipe : PictureRecipe {
    /// The paper's pace (A3.1).
    InverterRecipe();

    std::string layer; ///< tap of the encoder; empty: its deepest
    graph::GeneratorOptions generator;
    bool spectral_norm = true;
    ColorTail color_tail = ColorTail::random;

    bool pixel_l1 = true;    ///< otherwise squared error
    double pixel_weight = 1; ///< of the mean over all values
    FeatureDistance feature_distance = FeatureDistance::squared;
    std::string feature_layer;     ///< tap that the feature loss compares; empty: `layer`
    double feature_weight = 0;     ///< of the mean over all values; 0 without "feat" in loss.kind
    double adversarial_weight = 0; ///< of the mean over the pictures; 0 without "gan" in loss.kind

    AdamRecipe optimizer, discriminator;
    double discriminator_width = 1, dropout = 0.5;
    double average_decay = 0; ///< of the moving average of the weights; 0: none

    std::int64_t validation_every = 1000, validation_pictures = 100;
    std::string precision = "auto"; ///< auto (bf16 where the device is faster in it) | bf16 | fp32
    std::uint64_t seed = 0;

    /// @param out  what the recipe leaves out. @throws Error invalid_argument
    static InverterRecipe read(Recipe &recipe, InverterRecipe out = {});
    /// "pix", "pix+feat" or "pix+feat+gan".
    [[nodiscard]] std::string loss_kind() const;
};

} // namespace mirra::trainer
