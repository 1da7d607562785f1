// The five published networks; key names as in paper/NOTES.md section 11.
#include "recipes.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace mirra::trainer::importer {
namespace {

using graph::AlexNetTap;
using graph::InputTransform;

constexpr std::string_view kEncoder = "encoder.";
constexpr std::string_view kGenerator = "generator.";

bool strip(std::string &key, std::string_view prefix) {
    if (!key.starts_with(prefix)) return false;
    key.erase(0, prefix.size());
    return true;
}

/// Wrappers that DataParallel, robustness and friends put around a network.
void strip_wrappers(std::string &key) {
    while (strip(key, "module.") || strip(key, "model.")) {
    }
}

/// Normalisation constants, the attacker's copy of the network and counters: not weights.
bool is_bookkeeping(const std::string &key) {
    const auto has = [&](std::string_view part) {
        return key.starts_with(part) || key.find("." + std::string(part)) != std::string::npos;
    };
    return has("normalizer.") || has("normalize.") || has("attacker.") ||
           key.ends_with("num_batches_tracked");
}

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
    // The decoder synthesises by the Haar basis whatever its filters say (paper/NOTES.md section 4).
    if (!renamed || renamed->starts_with("generator.unpool")) return std::nullopt;
    for (const auto &[from, to] : kConvolutions)
        if (strip(*renamed, from)) return std::string(to) + *renamed;
    return renamed;
}

std::vector<graph::Graph> encoder_graphs(InputTransform transform) {
    return {graph::alexnet_encoder(transform),
            graph::alexnet_encoder(InputTransform::mean_std, "comparator")};
}

template<AlexNetTap tap> std::vector<graph::Graph> autoencoder_graphs(InputTransform transform) {
    return {graph::alexnet_encoder(transform, tap), graph::alexnet_generator(tap),
            graph::alexnet_autoencoder(tap, transform)};
}

std::vector<graph::Graph> denoiser_graphs(InputTransform transform) {
    graph::Graph denoiser = graph::alexnet_denoiser(transform);
    graph::Graph autoencoder = denoiser;
    autoencoder.name = "autoencoder";
    return {std::move(denoiser), std::move(autoencoder)};
}

constexpr std::array kRecipes{
    Recipe{"alexnet-ae-conv5", "invert", "AlexNet conv5 autoencoder", autoencoder_graphs<AlexNetTap::conv5>,
           rename_alexnet},
    Recipe{"alexnet-ae-conv2", "invert", "AlexNet conv2 autoencoder", autoencoder_graphs<AlexNetTap::conv2>,
           rename_alexnet},
    Recipe{"alexnet-ae-conv1", "invert", "AlexNet conv1 autoencoder", autoencoder_graphs<AlexNetTap::conv1>,
           rename_alexnet},
    Recipe{"alexnet-denoiser", "denoise", "AlexNet wavelet denoiser", denoiser_graphs, rename_denoiser},
    Recipe{"alexnet-encoder", "", "AlexNet encoder", encoder_graphs, rename_alexnet},
};

} // namespace

std::vector<std::string> recipe_names() {
    std::vector<std::string> names;
    for (const Recipe &recipe : kRecipes) names.emplace_back(recipe.id);
    return names;
}

const Recipe &find_recipe(std::string_view id) {
    const auto found = std::ranges::find(kRecipes, id, &Recipe::id);
    if (found != kRecipes.end()) return *found;
    std::string names;
    for (const Recipe &recipe : kRecipes) names += (names.empty() ? "" : ", ") + std::string(recipe.id);
    throw Error(ErrorCode::invalid_argument, "unknown architecture '" + std::string(id.substr(0, 80)) + "'",
                "arch", "one of: " + names);
}

} // namespace mirra::trainer::importer
