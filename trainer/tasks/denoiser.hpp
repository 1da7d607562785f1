// mirra-train denoiser: trains a denoising network on clean pictures with synthetic noise.
#pragma once

#include "core/training_run.hpp"
#include "tasks/run_command.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

struct DenoiserCommand : RunCommand {
    std::vector<std::filesystem::path> data;
    std::optional<std::filesystem::path> encoder; ///< a bundle whose encoder weights and comparator are used
    std::optional<std::filesystem::path> start;   ///< a denoiser bundle whose weights are the first
    std::optional<std::int64_t> steps, seed;      ///< override the recipe
};

/// `command` must outlive the task. @throws Error
std::unique_ptr<TrainingTask> denoiser_task(const DenoiserCommand &command);

/// Trains, or goes on training, and writes the bundle. Returns the process's exit status.
/// @throws Error
int train_denoiser(const DenoiserCommand &command);

/// Adds the subcommand; `status` gets the exit status when it was called.
void add_denoiser_command(CLI::App &app, int &status);

} // namespace mirra::trainer
