// Adam and its schedule, as the recipes of all tasks write them.
#pragma once

#include "core/adam.hpp"
#include "core/recipe.hpp"
#include "core/schedule.hpp"

#include <string>

namespace mirra::trainer {

struct AdamRecipe {
    Adam::Options adam;
    Schedule schedule{.steps = 8000};
    double clip_norm = 0; ///< 0: gradients are not clipped

    /// The keys of a table such as "optimizer"; what the recipe leaves out stays as it is.
    /// @throws Error invalid_argument
    void read(Recipe &recipe, const std::string &table);
};

} // namespace mirra::trainer
