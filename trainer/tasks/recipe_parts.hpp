// Settings that the recipes of several tasks have in common.
#pragma once

#include "core/optimizer.hpp"
#include "core/provenance.hpp"
#include "core/recipe.hpp"
#include "data/loaders.hpp"
#include "losses/comparator.hpp"

#include <string>
#include <vector>

namespace mirra::trainer {

struct AdamRecipe {
    Adam::Options adam;
    Schedule schedule{.steps = 8000};
    double clip_norm = 0; ///< 0: gradients are not clipped

    /// The keys of a table such as "optimizer".
    void declare(RecipeKeys &keys, const std::string &table);
};

struct PictureRecipe {
    std::int64_t batch = 128; ///< of all processes together
    std::int64_t extent = 32;
    std::vector<Growth> growth; ///< smaller pictures in the first epochs
    Augmentation augmentation;

    /// The keys data.*
    void declare_pictures(RecipeKeys &keys);
    /// Short side at which pictures are kept: somewhat larger than they are used, so that crops have
    /// something to choose from.
    [[nodiscard]] std::int64_t kept_side() const;
};

/// What a task knows of its training from command, recipe and settings.
template<class Command, class Settings>
TrainingFacts facts_of(const Command &command, const Recipe &recipe, const Settings &settings) {
    return {.data = command.data,
            .pictures = 0,
            .recipe = &recipe,
            .seed = settings.seed,
            .steps = 0,
            .batch = settings.batch,
            .extent = settings.extent,
            .device = command.device};
}

/// The key loss.pixel.
void declare_pixel_distance(RecipeKeys &keys, bool &l1);
/// That and loss.pixel_weight; loss.feature.
void declare_pixel_loss(RecipeKeys &keys, bool &l1, double &weight);
void declare_feature_distance(RecipeKeys &keys, FeatureDistance &distance);

/// The key optimizer.freeze_statistics_from, a share of the steps.
void declare_freezing(RecipeKeys &keys, double &from);
/// Whether batch norm has its final statistics in this step.
[[nodiscard]] bool freezes_statistics(double from, std::int64_t step, std::int64_t steps);

/// The keys training.precision and training.seed.
void declare_training(RecipeKeys &keys, std::string &precision, std::uint64_t &seed);

} // namespace mirra::trainer
