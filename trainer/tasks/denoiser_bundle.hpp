// What a finished denoiser training leaves: the bundle with its manifest.
#pragma once

#include "core/graph_module.hpp"
#include "core/provenance.hpp"
#include "tasks/denoiser_network.hpp"
#include "tasks/denoiser_recipe.hpp"

#include <filesystem>

namespace mirra::trainer {

struct DenoiserBundle {
    const std::filesystem::path &output;
    const GraphModule &network;
    const DenoiserRecipe &settings;
    const DenoiserOrigin &origin;
    std::string encoder_name; ///< of origin.encoder
    std::string licence;
    Provenance provenance;
};

/// Writes the bundle in fp16. @throws Error io
void write_denoiser_bundle(const DenoiserBundle &bundle);

} // namespace mirra::trainer
