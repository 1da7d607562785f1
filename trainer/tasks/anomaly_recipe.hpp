// Every setting of an anomaly detector's training, as its recipe gives it.
#pragma once

#include "tasks/inverter_recipe.hpp"

#include <string>

namespace mirra::trainer {

struct AnomalyRecipe {
    InverterRecipe generator = default_generator();

    std::int64_t memory_members = 1000; ///< 0: no memory
    std::string memory_layer;           ///< tap of the encoder; empty: see memory_layer()
    std::int64_t memory_candidates = 100'000, memory_dimensions = 64;

    double pixel_weight = 0, feature_weight = 0.02; ///< of the score; pixel 0: as much as the features
    std::int64_t search_iterations = 100;

    double false_positive_rate = 0.01;
    std::int64_t held_out = 0; ///< normal pictures that calibrate instead of training; 0: a fifth
    std::int64_t calibration_pictures = 500, search_pictures = 100; ///< of either kind at most

    /// Trained within minutes on two cores; trainer/recipes/small/anomaly.toml says the same.
    static InverterRecipe default_generator();
    /// @throws Error invalid_argument
    static AnomalyRecipe read(Recipe &recipe);
};

} // namespace mirra::trainer
