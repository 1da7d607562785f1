// mirra-train bundle: makes a bundle for a task from graphs of one's own and their weights.
#pragma once

#include "import/import.hpp"

#include <string>
#include <vector>

namespace mirra::trainer {

struct BundleCommand {
    ImportOptions network;             ///< with graphs
    std::vector<std::string> defaults; ///< "KEY=VALUE" each
    bool unchecked = false;            ///< without asking the task's plugin
};

/// Writes the bundle atomically, if the task takes it. @throws Error as import_checkpoint() and TaskCheck
void make_bundle(const BundleCommand &command);

/// Adds `bundle` to the commands of mirra-train.
void add_bundle_command(CLI::App &app);

} // namespace mirra::trainer
