// The paper's autoencoders, encoder and denoiser; key names as in docs/explanation/method.md.
#include "checkpoint_keys.hpp"
#include "recipes.hpp"

#include <array>
#include <cctype>

namespace mirra::trainer::importer {
namespace {

using graph::AlexNetTap;
using graph::InputTransform;

constexpr std::string_view kEncoder = "encoder.";
constexpr std::string_view kGenerator = "generator.";

/// The fully connected part of a classifier, which no feature needs.
bool is_classifier_head(std::string_view key) {
    const auto numbered = [](std::string_view rest) {
        return !rest.empty() && std::isdigit(rest.front()) != 0;
    };
    if (key.starts_with(kEncoder)) key.remove_prefix(kEncoder.size());
    if (key.starts_with("last_layer.") || key.starts_with("last_relu.")) return true;
    constexpr std::string_view kHead = "classifier.";
    while (key.starts_with(kHead)) {
        key.remove_prefix(kHead.size());
        if (numbered(key) || key.starts_with("last_layer.")) return true;
    }
    return false;
}

/// The authors' generators carry linear layers that convolutional ones leave empty.
bool is_unused_linear(std::string_view key) {
    if (key.starts_with(kGenerator)) key.remove_prefix(kGenerator.size());
    return key.starts_with("linear1.") || key.starts_with("linear2.") || key.starts_with("linear3.");
}

std::optional<std::string> rename_alexnet(std::string key) {
    strip_wrappers(key);
    if (is_bookkeeping(key) || is_classifier_head(key) || is_unused_linear(key)) return std::nullopt;
    if (strip(key, "classifier.")) return std::string(kEncoder) + key;
    if (key.starts_with("features.")) return std::string(kEncoder) + key;
    if (key.starts_with("gen.")) return std::string(kGenerator) + key;
    return key;
}

std::optional<std::string> rename_denoiser(std::string key) {
    struct Pair {
        std::string_view from, to;
    };
    constexpr std::array kConvolutions{
        Pair{"encoder.conv1_1.", "encoder.features.0."},  Pair{"encoder.conv2_1.", "encoder.features.3."},
        Pair{"encoder.conv3_1.", "encoder.features.6."},  Pair{"encoder.conv3_2.", "encoder.features.8."},
        Pair{"encoder.conv3_3.", "encoder.features.10."},
    };
    auto renamed = rename_alexnet(std::move(key));
    // The decoder synthesises by the Haar basis whatever its filters say (docs/explanation/method.md).
    if (!renamed || renamed->starts_with("generator.unpool")) return std::nullopt;
    for (const auto &[from, to] : kConvolutions)
        if (strip(*renamed, from)) return std::string(to) + *renamed;
    return renamed;
}

/// By AlexNetTap.
constexpr std::array<std::string_view, 3> kLayers{"conv1", "conv2", "conv5"};

std::vector<graph::Graph> encoder_graphs(const Shapes &, const Pixels &pixels) {
    return {graph::alexnet_encoder(pixels.transform),
            graph::alexnet_encoder(InputTransform::mean_std, "comparator")};
}

/// Graphs of an inverter bundle, see docs/reference/bundle-format.md.
template<AlexNetTap tap> std::vector<graph::Graph> autoencoder_graphs(const Shapes &, const Pixels &pixels) {
    const std::string layer(kLayers[static_cast<std::size_t>(tap)]);
    auto encoder = graph::alexnet_encoder(pixels.transform, tap);
    encoder.outputs.front().name = layer;
    auto generator = graph::alexnet_generator(tap);
    generator.name = "generator-" + layer;
    auto autoencoder = graph::autoencoder(encoder, layer, generator);
    return {std::move(encoder), std::move(generator), std::move(autoencoder)};
}

std::vector<graph::Graph> denoiser_graphs(const Shapes &, const Pixels &pixels) {
    graph::Graph denoiser = graph::alexnet_denoiser(pixels.transform);
    graph::Graph autoencoder = denoiser;
    autoencoder.name = "autoencoder";
    return {std::move(denoiser), std::move(autoencoder)};
}

constexpr Recipe recipe(std::string_view id, std::string_view task, std::string_view title,
                        decltype(Recipe::graphs) graphs, decltype(Recipe::rename) rename) {
    return {.id = id,
            .task = task,
            .title = title,
            .graphs = graphs,
            .rename = rename,
            .spare = "encoder.features.",
            .transform = InputTransform::scale_pm1};
}

template<AlexNetTap tap> constexpr Recipe inverter(std::string_view id, std::string_view title) {
    auto out = recipe(id, "invert", title, autoencoder_graphs<tap>, rename_alexnet);
    out.layer = kLayers[static_cast<std::size_t>(tap)];
    return out;
}

constexpr std::array kRecipes{
    inverter<AlexNetTap::conv5>("alexnet-ae-conv5", "AlexNet conv5 autoencoder"),
    inverter<AlexNetTap::conv2>("alexnet-ae-conv2", "AlexNet conv2 autoencoder"),
    inverter<AlexNetTap::conv1>("alexnet-ae-conv1", "AlexNet conv1 autoencoder"),
    recipe("alexnet-denoiser", "denoise", "AlexNet wavelet denoiser", denoiser_graphs, rename_denoiser),
    recipe("alexnet-encoder", "", "AlexNet encoder", encoder_graphs, rename_alexnet),
};

} // namespace

std::span<const Recipe> autoencoder_recipes() {
    return kRecipes;
}

} // namespace mirra::trainer::importer
