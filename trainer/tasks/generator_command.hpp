// What the command lines of trainings of generators on a frozen encoder have in common.
#pragma once

#include "tasks/run_command.hpp"

#include <vector>

namespace mirra::trainer {

struct GeneratorCommand : RunCommand {
    std::filesystem::path encoder;             ///< bundle with the graph "encoder"
    std::vector<std::string> data, validation; ///< folders at any depth, or cifar10:DIR
};

/// Declares these, and the recipe. `command` must outlive `sub`.
void add_generator_options(CLI::App &sub, GeneratorCommand &command);

} // namespace mirra::trainer
