// Where a bundle comes from: what every training task writes into its manifest.
#pragma once

#include "core/recipe.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

struct Provenance {
    std::vector<std::string> data; ///< as given on the command line; folders are recorded by their last name
    std::int64_t pictures = 0;
    const Recipe *recipe = nullptr;
    std::uint64_t seed = 0;
    std::int64_t steps = 0, batch = 0, extent = 0;
    std::string device;
    int processes = 1;
};

/// "cifar10" of "cifar10:DIR", else the last two names of the path: "imagenette224/train".
std::string data_name(const std::string &source);

/// The JSON object of Manifest::provenance, with today's date and this trainer's version.
std::string to_json(const Provenance &provenance);

/// Fails early, before hours of training, if the bundle could not be written in the end.
/// @throws Error not_found | io
void check_output(const std::filesystem::path &output);

} // namespace mirra::trainer
