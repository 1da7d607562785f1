// What the command lines of all trainings have in common.
#pragma once

#include <filesystem>
#include <string>

namespace CLI {
class App;
}

namespace mirra::trainer {

class TrainingTask;

struct RunCommand {
    std::filesystem::path recipe, output; ///< no recipe: the defaults
    std::filesystem::path folder;         ///< of the run; empty: OUTPUT.run
    std::string device = "cpu";
    int threads = 0, loader_threads = 1; ///< threads 0: all
    bool restart = false;
    std::string licence; ///< of the bundle, for its manifest
};

/// Where a run keeps its files: --run, else OUTPUT.run.
std::filesystem::path run_folder(const RunCommand &command);

/// Declares all of the above but the recipe, whose default is each command's own. `command` must outlive
/// `sub`.
void add_run_options(CLI::App &sub, RunCommand &command);

/// Runs the task to its end or to Ctrl-C. Returns the process's exit status. @throws Error as run_training()
int run(TrainingTask &task, const RunCommand &command);

} // namespace mirra::trainer
