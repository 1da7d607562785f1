// What the command line of an encoder's training says.
#pragma once

#include "tasks/run_command.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct EncoderCommand : RunCommand {
    std::vector<std::string> data, validation; ///< see open_pictures(); no validation: the data's own split
    std::filesystem::path init; ///< bundle whose weights the training starts from; empty: random

    // What overrides the recipe, where given.
    std::optional<std::string> architecture, adversary, norm;
    std::optional<double> width, epsilon, step_size;
    std::optional<std::int64_t> attack_steps, epochs, seed;
};

} // namespace mirra::trainer
