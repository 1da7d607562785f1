// mirra-train stylizer: trains a generator a level of an encoder, for style transfer on its features. Its
// command, recipe and bundle.
#pragma once

#include "core/provenance.hpp"
#include "core/recipe.hpp"
#include "mirra/bundle.hpp"
#include "mirra/graph.hpp"
#include "tasks/generator.hpp"
#include "tasks/inverter.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct StylizerCommand : GeneratorCommand {
    std::vector<std::filesystem::path> init; ///< bundles whose generators to start from
    std::vector<std::string> level_bundles;  ///< LAYER=BUNDLE: a level that is trained already
};

/// As the run's record has them.
std::vector<std::string> words_of(const StylizerCommand &command);

/// Trains the levels, or goes on training, and writes the bundle. Returns the process's exit status.
/// @throws Error
int train_stylizer(const StylizerCommand &command);

struct StylizerLevelRecipe {
    std::string layer;
    Recipe recipe; ///< as of an inverter of that layer: the shared settings with the level's own in them
    InverterRecipe settings;
    double detail = 0, edges = 0; ///< of the level when styles are applied; docs/explanation/stylizer.md
};

/// Keys of a stylizer's recipes: `levels` is a list of layers; `level.LAYER.*` are settings of a level, by
/// the names that they have in the tables of an inverter's recipe, `detail` and `edges`; all others are
/// shared.
std::vector<RecipeKey> stylizer_keys();

/// The recipe that the command names, with its overrides; those of "level.LAYER" are of every level.
Recipe recipe_of(const StylizerCommand &command, const graph::Graph &encoder);

/// The layers of a list such as "conv5,conv2,conv1", in this order; of an empty one all taps of the encoder,
/// the deepest first.
/// @throws Error not_found (no such tap) | invalid_argument (empty or twice) | unsupported (its name)
std::vector<std::string> stylizer_layers(const std::string &list, const graph::Graph &encoder);

/// What the bundle is to have as the transform's epsilon. @throws Error invalid_argument
double stylizer_epsilon(const Recipe &recipe);

/// The settings of each level, in the order in which they are applied.
/// @throws Error invalid_argument (an unknown key, a wrong value) | not_found (no such tap)
std::vector<StylizerLevelRecipe> read_stylizer_recipe(const Recipe &recipe, const graph::Graph &encoder);

struct StylizerLevel {
    std::string layer;
    std::shared_ptr<const bundle::Bundle> bundle; ///< with the layer's generator
    double detail = 0, edges = 0;
    bundle::LevelValidation quality = {}; ///< of the level alone
};

struct StylizerBundle {
    const std::filesystem::path &output;
    const bundle::Bundle &encoder;
    std::string encoder_name;
    std::vector<StylizerLevel> levels; ///< in the order of their application
    double epsilon = 0;                ///< of the transform; 0: the published identity
    std::string licence;
    TrainingFacts facts;
};

/// Fails where a bundle's generator of that layer does not belong to this encoder: another graph or other
/// weights (as stored in fp16) of the encoder beside it, other features, pictures of another size.
/// @throws Error not_found (no such generator) | mismatch
void check_level_bundle(const bundle::Bundle &encoder, const bundle::Bundle &bundle, const std::string &layer,
                        const std::filesystem::path &path);

/// Whether the bundle at `output` has been made of these levels.
bool is_written(const StylizerBundle &bundle);

/// Writes the bundle in fp16. @throws Error io
void write_stylizer_bundle(const StylizerBundle &bundle);

} // namespace mirra::trainer
