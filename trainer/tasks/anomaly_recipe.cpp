// Reading the anomaly detector's recipe.
#include "tasks/anomaly_recipe.hpp"

namespace mirra::trainer {

InverterRecipe AnomalyRecipe::default_generator() {
    InverterRecipe out;
    out.batch = 16;
    out.extent = 128;
    out.augmentation = {.crop = Augmentation::Crop::pad, .padding = 4, .flips = false};
    out.color_tail = ColorTail::automatic;
    out.feature_distance = FeatureDistance::relative;
    out.feature_weight = 0.05;
    auto &optimizer = out.optimizer;
    optimizer.adam.beta1 = 0.5;
    optimizer.adam.beta2 = 0.99;
    optimizer.clip_norm = 1;
    optimizer.schedule.steps = 400;
    optimizer.schedule.rate = 1e-3;
    optimizer.schedule.warmup = 20;
    out.average_decay = 0.98;
    out.validation_every = 100;
    return out;
}

AnomalyRecipe AnomalyRecipe::read(Recipe &recipe) {
    constexpr double kLarge = 1e12, kHalf = 0.5, kRarest = 1e-6;
    constexpr std::int64_t kMany = 100'000'000, kMostMembers = 20'000, kFewest = 10, kPictures = 1'000'000;
    AnomalyRecipe out;
    out.memory_members = recipe.integer("memory.members", out.memory_members, 0, kMostMembers);
    out.memory_layer = recipe.text("memory.layer", "");
    out.memory_candidates = recipe.integer("memory.candidates", out.memory_candidates, 1, kMany);
    out.memory_dimensions = recipe.integer("memory.dimensions", out.memory_dimensions, 0, kPictures);
    out.pixel_weight = recipe.real("score.pixel_weight", out.pixel_weight, 0, kLarge);
    out.feature_weight = recipe.real("score.feature_weight", out.feature_weight, 1 / kLarge, kLarge);
    out.search_iterations = recipe.integer("score.iterations", out.search_iterations, 1, 100'000);
    out.false_positive_rate =
        recipe.real("calibration.false_positive_rate", out.false_positive_rate, kRarest, kHalf - kRarest);
    out.held_out = recipe.integer("calibration.held_out", 0, 0, kPictures);
    out.calibration_pictures =
        recipe.integer("calibration.pictures", out.calibration_pictures, kFewest, kPictures);
    out.search_pictures =
        recipe.integer("calibration.search_pictures", out.search_pictures, kFewest, kPictures);
    out.generator = InverterRecipe::read(recipe, out.generator); // the last: knows which keys are left
    return out;
}

} // namespace mirra::trainer
