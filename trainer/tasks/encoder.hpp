// mirra-train encoder: trains a classifier on labelled pictures, on adversarial examples of them if asked to.
#pragma once

#include "core/training_run.hpp"
#include "tasks/encoder_command.hpp"

#include <memory>

namespace CLI {
class App;
}

namespace mirra::trainer {

/// `command` must outlive the task. @throws Error
std::unique_ptr<TrainingTask> encoder_task(const EncoderCommand &command,
                                           const ProcessEnvironment &environment = process_environment());

/// Trains, or goes on training, and writes the bundle. Returns the process's exit status.
/// @throws Error
int train_encoder(const EncoderCommand &command);

/// Adds the subcommand; `status` gets the exit status when it was called.
void add_encoder_command(CLI::App &app, int &status);

} // namespace mirra::trainer
