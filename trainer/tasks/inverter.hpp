// mirra-train inverter: trains a generator that turns a frozen encoder's features back into pictures.
#pragma once

#include "core/training_run.hpp"
#include "tasks/generator_command.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

struct InverterCommand : GeneratorCommand {
    std::filesystem::path init;             ///< inverter bundle whose generator to start from
    std::optional<std::string> layer, loss; ///< override the recipe
    std::optional<std::int64_t> steps, seed;
};

/// `command` must outlive the task. @throws Error
std::unique_ptr<TrainingTask> inverter_task(const InverterCommand &command);

/// Trains, or goes on training, and writes the bundle. Returns the process's exit status. @throws Error
int train_inverter(const InverterCommand &command);

/// Adds the subcommand; `status` gets the exit status when it was called.
void add_inverter_command(CLI::App &app, int &status);

} // namespace mirra::trainer
