// What the command line of an encoder's training says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

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

} // namespace mirra::trainer
