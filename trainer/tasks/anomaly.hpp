// mirra-train anomaly: trains an anomaly detector on pictures of good parts alone.
#pragma once

#include "core/recipe.hpp"
#include "core/training_run.hpp"
#include "tasks/run_command.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

struct AnomalyCommand : RunCommand {
    std::filesystem::path encoder; ///< bundle with the graph "encoder"
    std::vector<std::string> data; ///< folders of normal pictures at any depth; with a class: labelled data
    std::string class_name;        ///< the normal one of labelled data; empty: all pictures are normal
    std::int64_t count = 0;        ///< pictures of the data at most, evenly spaced; 0: all
    std::filesystem::path val_good,
        bad;                          ///< folders of further normal and of anomalous pictures; may be empty
    std::optional<std::string> layer; ///< override the recipe
    std::optional<std::int64_t> steps, seed, memory;
    std::optional<double> false_positive_rate;
};

/// The recipe with the command's overrides, as its bundle records it. @throws Error
Recipe recipe_of(const AnomalyCommand &command);

/// `command` must outlive the task. @throws Error
std::unique_ptr<TrainingTask> anomaly_task(const AnomalyCommand &command);

/// Trains, or goes on training, calibrates and writes the bundle. Returns the process's exit status.
/// @throws Error
int train_anomaly(const AnomalyCommand &command);

/// Adds the subcommand; `status` gets the exit status when it was called.
void add_anomaly_command(CLI::App &app, int &status);

} // namespace mirra::trainer
