// mirra-train anomaly: trains an anomaly detector on pictures of good parts alone. Its command, recipe and
// pictures.
#pragma once

#include "core/recipe.hpp"
#include "core/training_run.hpp"
#include "data/picture_set.hpp"
#include "tasks/command.hpp"
#include "tasks/inverter.hpp"
#include "tasks/segmentation.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct AnomalyCommand : RunCommand {
    std::filesystem::path encoder; ///< bundle with the graph "encoder"; empty: methods without one
    std::vector<std::string> data; ///< folders of normal pictures at any depth; with a class: labelled data
    std::string class_name;        ///< the normal one of labelled data; empty: all pictures are normal
    std::int64_t count = 0;        ///< pictures of the data at most, evenly spaced; 0: all
    std::filesystem::path val_good,
        bad; ///< folders of further normal and of anomalous pictures; may be empty
};

/// The recipe with the command's overrides, as its bundle records it. @throws Error
Recipe recipe_of(const AnomalyCommand &command);

/// `command` must outlive the task. @throws Error
std::unique_ptr<TrainingTask> anomaly_task(const AnomalyCommand &command);

/// Trains, or goes on training, calibrates and writes the bundle. Returns the process's exit status.
/// @throws Error
int train_anomaly(const AnomalyCommand &command);

struct AnomalyRecipe {
    std::string method = "auto"; ///< that is trained, as the task has it; auto: all that can be
    InverterRecipe generator = default_generator();
    SegmentationRecipe segmentation;

    std::int64_t memory_members = 1000;     ///< 0: no memory
    std::string memory_layer;               ///< tap of the encoder; empty: see memory_layer()
    std::vector<std::string> memory_layers; ///< several taps instead; empty: that one
    std::int64_t memory_candidates = 100'000, memory_dimensions = 64;
    std::int64_t memory_pictures = 500; ///< that the network that marks defects compares with; 0: none

    double pixel_weight = 0, feature_weight = 0.02; ///< of the score; pixel 0: as much as the features
    FeatureDistance score_feature = FeatureDistance::squared; ///< how the score measures features
    std::int64_t search_iterations = 100;

    double false_positive_rate = 0.01;
    std::int64_t held_out = 0; ///< normal pictures that calibrate instead of training; 0: a fifth
    std::int64_t calibration_pictures = 500, search_pictures = 100; ///< of either kind at most

    /// Trained within minutes on two cores; trainer/recipes/small/anomaly.toml says the same.
    static InverterRecipe default_generator();
    void declare(RecipeKeys &keys);
    /// @throws Error invalid_argument
    static AnomalyRecipe read(const Recipe &recipe) { return read_recipe<AnomalyRecipe>(recipe); }
};

/// What a training makes.
struct AnomalyParts {
    bool segmentation = false, memory = false, generator = false;
};

/// @throws Error invalid_argument (a method without what it needs, nothing at all)
AnomalyParts parts_of(const AnomalyCommand &command, const AnomalyRecipe &settings);

/// All at the recipe's extent.
struct AnomalyPictures {
    std::shared_ptr<PictureSet> training, normal; ///< normal: held out, to calibrate with
    std::shared_ptr<PictureSet> bad;              ///< null: none were given
    std::string source;                           ///< source_fingerprint() of the data
};

/// What memory, calibration and bundle are made of.
struct AnomalyTraining {
    const AnomalyCommand &command;
    const AnomalyRecipe &settings;
    const AnomalyPictures &pictures;
    AnomalyParts parts;
    std::string calibration = {}; ///< fingerprint of all that memory and calibration depend on but training
};

using Stores = std::vector<PictureStore>;

/// Of the data as a whole, whatever is taken of it; as the bundle's manifest records it.
std::string source_fingerprint(const Stores &stores);

/// Decodes every picture once, so that what is wrong with them shows before the training.
/// @throws Error not_found | invalid_argument (too few, an unknown class) | corrupt
AnomalyPictures open_anomaly_pictures(const AnomalyCommand &command, const AnomalyRecipe &settings);

} // namespace mirra::trainer
