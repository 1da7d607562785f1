// What a finished denoiser training leaves: the bundle with its manifest.
#pragma once

#include "core/graph_module.hpp"
#include "data/image_set.hpp"
#include "tasks/denoiser_recipe.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

struct DenoiserBundle {
    const std::filesystem::path &output;
    const GraphModule &network;
    const DenoiserRecipe &settings;
    std::string recipe_name, recipe_text;
    const std::vector<std::filesystem::path> &data;
    std::int64_t pictures = 0;
    std::string device;
};

/// Fails early, before hours of training, if the bundle could not be written in the end.
/// @throws Error not_found | io
void check_output(const std::filesystem::path &output);

/// Writes the bundle in fp16. @throws Error io
void write_denoiser_bundle(const DenoiserBundle &bundle, ImageSet &validation);

} // namespace mirra::trainer
