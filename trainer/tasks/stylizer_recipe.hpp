// Every setting of a stylizer's training: those that all its levels share, and those of each.
#pragma once

#include "core/recipe.hpp"
#include "mirra/graph.hpp"
#include "tasks/inverter_recipe.hpp"

#include <string>
#include <vector>

namespace mirra::trainer {

struct StylizerLevelRecipe {
    std::string layer;
    Recipe recipe; ///< as of an inverter of that layer: the shared settings with the level's own in them
    InverterRecipe settings;
    double detail = 0; ///< of the level when styles are applied; see docs/explanation/stylizer.md
};

/// The layers of a list such as "conv5,conv2,conv1", in this order; of an empty one all taps of the encoder,
/// the deepest first.
/// @throws Error not_found (no such tap) | invalid_argument (empty or twice) | unsupported (its name)
std::vector<std::string> stylizer_layers(const std::string &list, const graph::Graph &encoder);

/// The key `levels` is such a list; `level.LAYER.*` are settings of a level, by the names that they have in
/// the tables of an inverter's recipe, and `detail` (0 ... 1); all others are shared.
/// @throws Error invalid_argument (an unknown key, a wrong value) | not_found (no such tap)
std::vector<StylizerLevelRecipe> read_stylizer_recipe(const Recipe &recipe, const graph::Graph &encoder);

} // namespace mirra::trainer
