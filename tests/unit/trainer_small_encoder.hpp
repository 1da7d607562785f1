// A small encoder for the tests of trainings that stand on one.
#pragma once

#include "core/graph_module.hpp"
#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"
#include "scratch.hpp"

#include <filesystem>
#include <string>

namespace mirra::test {

/// Writes NAME.mirra: a narrow ResNet-18 of random weights.
/// @param provenance  JSON object
inline std::filesystem::path small_encoder(const std::string &name, const std::string &provenance = "{}",
                                           std::uint64_t seed = 3) {
    torch::manual_seed(seed);
    const auto graphs = graph::classifier({.architecture = "resnet18", .width = 0.125});
    trainer::GraphModule network(graphs.classifier, {});
    bundle::Manifest manifest;
    manifest.name = name;
    manifest.architecture = "resnet18";
    manifest.provenance = provenance;
    manifest.graphs = {{"encoder", graphs.encoder}, {"classifier", graphs.classifier}};
    const std::filesystem::path path = scratch() + name + ".mirra";
    bundle::write_bundle(path, manifest, network.weights(), bundle::DType::f32);
    return path;
}

} // namespace mirra::test
