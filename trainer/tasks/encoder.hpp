// mirra-train encoder: trains a classifier on labelled pictures, on adversarial examples of them if asked to.
#pragma once

#include "core/training_run.hpp"

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

struct EncoderCommand {
    std::vector<std::string> data, validation; ///< see open_pictures(); no validation: the data's own split
    std::filesystem::path recipe, output;      ///< no recipe: the defaults
    std::filesystem::path init;   ///< bundle whose weights the training starts from; empty: random
    std::filesystem::path folder; ///< of the run; empty: OUTPUT.run
    std::string device = "cpu";
    int threads = 0, loader_threads = 1;
    bool restart = false;
    std::string licence; ///< of the bundle, for its manifest

    // What overrides the recipe, where given.
    std::optional<std::string> architecture, adversary, norm;
    std::optional<double> width, epsilon, step_size;
    std::optional<std::int64_t> attack_steps, epochs, seed;
};

/// `command` must outlive the task. @throws Error
std::unique_ptr<TrainingTask> encoder_task(const EncoderCommand &command);

/// Trains, or goes on training, and writes the bundle. Returns the process's exit status.
/// @throws Error
int train_encoder(const EncoderCommand &command);

/// Adds the subcommand; `status` gets the exit status when it was called.
void add_encoder_command(CLI::App &app, int &status);

} // namespace mirra::trainer
