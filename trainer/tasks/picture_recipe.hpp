// How labelled pictures become batches, as a recipe gives it.
#pragma once

#include "core/recipe.hpp"
#include "data/loaders.hpp"

#include <vector>

namespace mirra::trainer {

struct PictureRecipe {
    std::int64_t batch = 128; ///< of all processes together
    std::int64_t extent = 32;
    std::vector<Growth> growth; ///< smaller pictures in the first epochs
    Augmentation augmentation;

    /// The keys data.*; what the recipe leaves out stays as it is. @throws Error invalid_argument
    void read_pictures(Recipe &recipe);
    /// Short side at which pictures are kept: somewhat larger than they are used, so that crops have
    /// something to choose from.
    [[nodiscard]] std::int64_t kept_side() const;
};

} // namespace mirra::trainer
