// Initial weights.
#include "tasks/denoiser_network.hpp"

#include "mirra/error.hpp"
#include "tasks/color_tail.hpp"

#include <algorithm>
#include <iterator>

namespace mirra::trainer {
namespace {

const std::string kEncoderPrefix = "encoder.";

void check_encoder(const DenoiserRecipe &recipe, const DenoiserOrigin &origin) {
    const bool used = recipe.starts_from_encoder() || recipe.feature_weight > 0;
    if (origin.encoder && !used)
        throw Error(
            ErrorCode::invalid_argument,
            "an encoder is given, but the recipe's network has none and its loss compares no features",
            "--encoder", "leave it out, or set loss.feature_weight in the recipe");
    if (origin.encoder) return;
    if (!recipe.frozen.empty() && !origin.start)
        throw Error(ErrorCode::invalid_argument, "the recipe freezes weights, which must come from somewhere",
                    "network.frozen", "give --encoder BUNDLE");
    if (recipe.feature_weight > 0)
        throw Error(ErrorCode::invalid_argument, "the recipe asks for a feature loss, which needs an encoder",
                    "loss.feature_weight", "give --encoder BUNDLE, or set the weight to 0");
}

[[noreturn]] void refuse(const bundle::Bundle &start) {
    throw Error(ErrorCode::mismatch,
                "cannot start from this bundle: its denoiser has other parameters than the recipe's",
                start.manifest().name,
                "give a denoiser of the same architecture and channels with as many blocks or fewer, or "
                "change [network]");
}

/// The weights of the network that the start lacks: those of the residual blocks that a deeper one has more.
std::vector<std::string> added_weights(const graph::Graph &network, const bundle::Bundle &start) {
    auto added = graph::weight_shapes(network);
    for (const auto &[name, shape] : graph::weight_shapes(start.graph("denoiser"))) {
        const auto found = added.find(name);
        if (found == added.end() || found->second != shape) refuse(start);
        added.erase(found);
    }
    std::vector<std::string> names;
    for (const auto &[name, shape] : added) {
        if (name.find(".blocks.") == std::string::npos) refuse(start);
        names.push_back(name);
    }
    return names;
}

/// A misspelt prefix would do nothing, in silence.
void check_prefixes(const graph::Graph &network, const std::vector<std::string> &prefixes,
                    const std::string &key) {
    const auto weights = graph::weight_shapes(network);
    for (const auto &prefix : prefixes)
        if (std::ranges::none_of(weights,
                                 [&](const auto &weight) { return weight.first.starts_with(prefix); }))
            throw Error(ErrorCode::invalid_argument, "no weight of the network begins with '" + prefix + "'",
                        "network." + key, "the first one is named '" + weights.begin()->first + "'");
}

/// A block whose second convolution is zero passes its input on, so the start's result is kept.
bool ends_a_block(const std::string &name) {
    return name.find(".conv2.") != std::string::npos;
}

} // namespace

std::string DenoiserOrigin::fingerprint() const {
    std::string out;
    if (encoder) out.append("|").append(encoder->sha256());
    if (start) out.append("|start:").append(start->sha256());
    return out;
}

std::shared_ptr<GraphModule> make_denoiser(const DenoiserRecipe &recipe, const DenoiserOrigin &origin,
                                           const torch::Device &device) {
    check_encoder(recipe, origin);
    torch::manual_seed(recipe.seed);
    const auto *encoder =
        origin.encoder && recipe.starts_from_encoder() ? &origin.encoder->graph("encoder") : nullptr;
    auto graph = recipe.network(encoder);
    check_prefixes(graph, recipe.spectral_norm, "spectral_norm");
    check_prefixes(graph, recipe.zero_init, "zero_init");
    check_prefixes(graph, recipe.frozen, "frozen");
    const auto added = origin.start ? added_weights(graph, *origin.start) : std::vector<std::string>();
    GraphModule::Options options{recipe.spectral_norm, recipe.zero_init};
    std::ranges::copy_if(added, std::back_inserter(options.zero_init), ends_a_block);
    auto network = std::make_shared<GraphModule>(std::move(graph), options);
    if (recipe.identity_tail && !start_color_tail(*network))
        throw Error(ErrorCode::invalid_argument, "the network does not end in three channels of ReLU",
                    "network.color_tail", "leave it out of the recipe");
    if (origin.start) network->load_except(*origin.start, added);
    if (encoder) network->load_all(*origin.encoder, kEncoderPrefix);
    network->freeze(recipe.frozen);
    network->to(device);
    return network;
}

} // namespace mirra::trainer
