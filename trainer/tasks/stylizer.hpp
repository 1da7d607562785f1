// mirra-train stylizer: trains a generator a level of an encoder, for style transfer on its features.
#pragma once

#include "tasks/generator_command.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

struct StylizerCommand : GeneratorCommand {
    std::vector<std::filesystem::path> init; ///< bundles whose generators to start from
    std::vector<std::string> level_bundles;  ///< LAYER=BUNDLE: a level that is trained already
    std::optional<std::string> levels;       ///< override the recipe
    std::optional<std::int64_t> steps, seed; ///< steps: of every level
};

/// Trains the levels, or goes on training, and writes the bundle. Returns the process's exit status.
/// @throws Error
int train_stylizer(const StylizerCommand &command);

/// Adds the subcommand; `status` gets the exit status when it was called.
void add_stylizer_command(CLI::App &app, int &status);

} // namespace mirra::trainer
