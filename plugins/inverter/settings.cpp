// Reads the parameters and the bundle of the task 'invert', and refuses what does not go together.
#include "settings.hpp"

#include "../common/proposals.hpp"
#include "description.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>

namespace inverter {
namespace {

constexpr std::int64_t kColors = 3;
constexpr const char *kFeatures = "features";

bool contains(const std::vector<std::string> &names, const std::string &name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Graphs are called "generator-conv5"; a bundle with a single layer, "features", may do without the ending.
std::string graph_of(const char *kind, const std::string &layer, const std::vector<std::string> &graphs) {
    const std::string full = std::string(kind) + "-" + layer;
    return layer == kFeatures && !contains(graphs, full) ? kind : full;
}

/// Layers that a generator of the bundle inverts.
std::vector<std::string> invertible_layers(const std::vector<std::string> &graphs) {
    const std::string prefix = "generator-";
    std::vector<std::string> layers;
    for (const std::string &graph : graphs) {
        const std::string layer = graph == kGenerator           ? kFeatures
                                  : graph.rfind(prefix, 0) == 0 ? graph.substr(prefix.size())
                                                                : "";
        if (!layer.empty() && contains(graphs, graph_of("autoencoder", layer, graphs)))
            layers.push_back(layer);
    }
    return layers;
}

std::string joined(const std::vector<std::string> &names) {
    std::string text;
    for (const std::string &name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

std::string chosen_layer(const Host &host, const std::vector<std::string> &layers) {
    const std::string wanted = host.text("layer");
    if (wanted != kAuto && !wanted.empty()) return wanted;
    const std::string of_bundle = host.default_text("layer");
    if (!of_bundle.empty() && of_bundle != kAuto) return of_bundle;
    if (layers.size() == 1) return layers.front();
    host.fail(MIRRA_E_NOT_FOUND, "the bundle does not say which layer to invert", "layer",
              layers.empty() ? "Name an output of its graph 'encoder'."
                             : "Name one of: " + joined(layers) + ".");
}

Layer read_layer(const Host &host, bool needs_generator) {
    const auto graphs = host.graphs();
    const auto layers = invertible_layers(graphs);
    common::propose(host, "layer", kAuto, layers);
    if (host.channels(kEncoder, kImage) != kColors)
        host.fail(MIRRA_E_MISMATCH,
                  "the bundle has no graph 'encoder' with an input 'image' of three channels", "bundle",
                  "Use a bundle that was trained for the task 'invert'.");
    Layer layer;
    layer.name = chosen_layer(host, layers);
    if (contains(layers, layer.name)) {
        layer.generator = graph_of(kGenerator, layer.name, graphs);
        layer.autoencoder = graph_of("autoencoder", layer.name, graphs);
    } else if (needs_generator) {
        host.fail(MIRRA_E_NOT_FOUND, "the bundle has no generator for the layer '" + layer.name + "'",
                  "layer",
                  layers.empty() ? "It has none at all: use the method 'optimize'."
                                 : "Its layers are: " + joined(layers) + ".");
    }
    layer.grid = common::feature_grid(host, kEncoder, layer.name);
    if (!layer.generator.empty() && host.channels(layer.generator, kFeatures) != layer.grid.channels)
        host.fail(MIRRA_E_MISMATCH,
                  "the graph '" + layer.generator + "' does not take the features of the layer '" +
                      layer.name + "'",
                  "bundle", "Use a bundle that was trained for the task 'invert'.");
    return layer;
}

[[noreturn]] void bad_channels(const Host &host, const std::string &what, const Layer &layer) {
    host.fail(MIRRA_E_INVALID_ARGUMENT, what, "channels",
              "Write CHANNEL:FACTOR with commas between, such as 3:0,17:2; the channels of the layer '" +
                  layer.name + "' are 0 to " + std::to_string(layer.grid.channels - 1) + ".");
}

template<class Number> bool parse(std::string_view text, Number &value) {
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    return status == std::errc() && end == text.data() + text.size();
}

ChannelEdit parse_edit(const Host &host, std::string_view item, const Layer &layer) {
    ChannelEdit edit;
    const auto colon = item.find(':');
    if (colon == std::string_view::npos || !parse(item.substr(0, colon), edit.channel) ||
        !parse(item.substr(colon + 1), edit.factor) ||
        !(std::abs(edit.factor) <= std::numeric_limits<float>::max()))
        bad_channels(host, "'" + std::string(item) + "' is no channel with a factor", layer);
    if (edit.channel < 0 || edit.channel >= layer.grid.channels)
        bad_channels(host, "there is no channel " + std::to_string(edit.channel), layer);
    return edit;
}

std::vector<ChannelEdit> read_edits(const Host &host, const Layer &layer) {
    const std::string text = host.text("channels");
    std::vector<ChannelEdit> edits;
    std::set<std::int64_t> seen;
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        edits.push_back(parse_edit(host, rest.substr(0, comma), layer));
        if (!seen.insert(edits.back().channel).second)
            bad_channels(host, "the channel " + std::to_string(edits.back().channel) + " is named twice",
                         layer);
        if (comma + 1 == rest.size()) bad_channels(host, "the list ends in a comma", layer);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return edits;
}

DescentSettings read_descent(const Host &host) {
    return {.iterations = host.integer("iterations"),
            .patience = host.integer("patience"),
            .rate = host.real("rate"),
            .tolerance = host.real("tolerance"),
            .seed = static_cast<std::uint64_t>(host.integer("seed"))};
}

} // namespace

Settings read_settings(const Host &host) {
    Settings settings;
    settings.optimize = host.text("method") == kOptimize;
    settings.layer = read_layer(host, !settings.optimize);
    settings.edits = read_edits(host, settings.layer);
    settings.descent = read_descent(host);
    settings.mix = host.given(kMix);
    settings.features_in = host.given(kFeaturesIn);
    settings.features_out = host.given(kFeaturesOut);
    if (settings.mix && settings.features_in)
        host.fail(MIRRA_E_INVALID_ARGUMENT, "both a second image and features were given", kMix,
                  "Give one of 'mix' and 'features_in'.");
    settings.t = settings.mix || settings.features_in ? host.real("t") : 0;
    return settings;
}

} // namespace inverter
