// What a finished inverter training leaves: the bundle with encoder, generator and manifest.
#pragma once

#include "core/graph_module.hpp"
#include "core/provenance.hpp"

#include <filesystem>
#include <string>

namespace mirra::trainer {

/// Name of the generator of a layer in a bundle, and of the encoder with it behind: "image" -> "image".
std::string generator_graph(const std::string &layer);
std::string autoencoder_graph(const std::string &layer);

/// How the names of a layer's weights begin where a bundle has generators of several layers:
/// "generator-conv5.". One alone has them as graph::generator() calls them: "generator.".
std::string generator_prefix(const std::string &layer);

/// The graph with every weight's name that begins with `from` beginning with `to` instead.
graph::Graph with_weight_prefix(graph::Graph graph, const std::string &from, const std::string &to);

/// A layer's generator out of any bundle, its weights as graph::generator() calls them.
struct StoredGenerator {
    graph::Graph graph;
    bundle::Weights weights;
};
/// @throws Error not_found
StoredGenerator stored_generator(const bundle::Bundle &bundle, const std::string &layer);

/// Adds what the graph "encoder" needs.
void add_encoder_weights(const bundle::Bundle &encoder, bundle::Weights &weights);

/// What a manifest's provenance says of the encoder, as JSON: name, checksum, radius where it is known.
std::string encoder_provenance(const bundle::Bundle &encoder, const std::string &name);

/// The layer of an inverter bundle's manifest, what parameters of the task default to. @throws Error mismatch
std::string inverted_layer(const bundle::Bundle &bundle);

struct InverterBundle {
    const std::filesystem::path &output;
    const bundle::Bundle &encoder;
    std::string encoder_name;
    const GraphModule &generator;
    std::string layer, loss;
    std::string initial; ///< checksum of the bundle that the training started from; empty: random
    std::string licence;
    Provenance provenance;
};

/// What the bundle consists of, for tasks that add to it.
struct BundleContents {
    bundle::Manifest manifest;
    bundle::Weights weights;
};
BundleContents inverter_contents(const InverterBundle &bundle);

/// Writes the bundle in fp16. @throws Error io
void write_inverter_bundle(const InverterBundle &bundle);

} // namespace mirra::trainer
