// Manifest and weights of a trained inverter.
#include "tasks/inverter_bundle.hpp"

#include "core/bundle_name.hpp"
#include "log/log.hpp"
#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "tasks/trained_radius.hpp"

#include <nlohmann/json.hpp>

namespace mirra::trainer {
namespace {

using Json = nlohmann::ordered_json;

} // namespace

std::string generator_graph(const std::string &layer) {
    return "generator-" + layer;
}

std::string autoencoder_graph(const std::string &layer) {
    return "autoencoder-" + layer;
}

std::string generator_prefix(const std::string &layer) {
    return generator_graph(layer) + ".";
}

graph::Graph with_weight_prefix(graph::Graph graph, const std::string &from, const std::string &to) {
    for (auto &node : graph.nodes)
        for (auto &[role, name] : node.weights)
            if (name.starts_with(from)) name.replace(0, from.size(), to);
    return graph;
}

StoredGenerator stored_generator(const bundle::Bundle &bundle, const std::string &layer) {
    const std::string shared = generator_prefix(layer), alone = "generator.";
    const auto &graph = bundle.graph(generator_graph(layer));
    StoredGenerator out{.graph = with_weight_prefix(graph, shared, alone), .weights = {}};
    for (const auto &[name, shape] : graph::weight_shapes(graph)) {
        const auto values = bundle.weight(name);
        const auto known = name.starts_with(shared) ? alone + name.substr(shared.size()) : name;
        out.weights[known] = {shape, {values.begin(), values.end()}};
    }
    return out;
}

void add_encoder_weights(const bundle::Bundle &encoder, bundle::Weights &weights) {
    for (const auto &[name, shape] : graph::weight_shapes(encoder.graph("encoder"))) {
        const auto values = encoder.weight(name);
        weights[name] = {shape, {values.begin(), values.end()}};
    }
}

std::string encoder_provenance(const bundle::Bundle &encoder, const std::string &name) {
    const auto radius = trained_radius(encoder.manifest());
    Json out{{"name", name}, {"sha256", encoder.sha256()}};
    if (radius) out.update({{"norm", radius->norm}, {"epsilon", radius->epsilon}});
    return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string inverted_layer(const bundle::Bundle &bundle) {
    const auto defaults = Json::parse(bundle.manifest().defaults);
    if (const auto found = defaults.find("layer"); found != defaults.end() && found->is_string())
        return found->get<std::string>();
    throw Error(ErrorCode::mismatch, "the bundle's manifest names no layer, so it is no inverter", "layer",
                "give a bundle that mirra-train inverter has made");
}

BundleContents inverter_contents(const InverterBundle &bundle) {
    BundleContents contents{.manifest = {}, .weights = bundle.generator.weights()};
    auto &manifest = contents.manifest;
    manifest.task = "invert";
    manifest.name = bundle_name(bundle.output);
    manifest.architecture = bundle.encoder.manifest().architecture + "-" + bundle.layer;
    manifest.licence = bundle.licence;
    manifest.defaults = Json{{"layer", bundle.layer}}.dump();
    auto provenance = Json::parse(to_json(bundle.provenance));
    provenance["encoder"] = Json::parse(encoder_provenance(bundle.encoder, bundle.encoder_name));
    provenance["loss"] = bundle.loss;
    if (!bundle.initial.empty()) provenance["initial_weights"] = bundle.initial;
    manifest.provenance = provenance.dump(-1, ' ', false, Json::error_handler_t::replace);
    const auto &encoder = bundle.encoder.graph("encoder");
    const auto &generator = bundle.generator.graph();
    manifest.graphs.emplace("encoder", encoder);
    manifest.graphs.emplace(generator_graph(bundle.layer), generator);
    manifest.graphs.emplace(autoencoder_graph(bundle.layer),
                            graph::autoencoder(encoder, bundle.layer, generator));
    add_encoder_weights(bundle.encoder, contents.weights);
    return contents;
}

void write_inverter_bundle(const InverterBundle &bundle) {
    const auto contents = inverter_contents(bundle);
    bundle::write_bundle(bundle.output, contents.manifest, contents.weights, bundle::DType::f16);
    log_info("wrote " + bundle.output.string());
}

} // namespace mirra::trainer
