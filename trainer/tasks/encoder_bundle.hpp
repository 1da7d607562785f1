// What a finished encoder training leaves: the bundle with its manifest.
#pragma once

#include "core/graph_module.hpp"
#include "core/provenance.hpp"
#include "tasks/encoder_recipe.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

struct EncoderBundle {
    const std::filesystem::path &output;
    const graph::ClassifierGraphs &graphs;
    const GraphModule &network;
    const EncoderRecipe &settings;
    const std::vector<std::string> &classes;
    std::string initial; ///< SHA-256 of the bundle that the training started from; empty: random weights
    std::string licence;
    Provenance provenance;
};

/// Writes the bundle in fp16, with the graphs "encoder" and "classifier". @throws Error io
void write_encoder_bundle(const EncoderBundle &bundle);

} // namespace mirra::trainer
