// Initial weights.
#include "tasks/denoiser_network.hpp"

#include "mirra/error.hpp"
#include "tasks/color_tail.hpp"

namespace mirra::trainer {
namespace {

const std::string kEncoderPrefix = "encoder.";

void check_encoder(const DenoiserRecipe &recipe, const DenoiserOrigin &origin) {
    if (origin.encoder) return;
    if (!recipe.frozen.empty() && !origin.start)
        throw Error(ErrorCode::invalid_argument, "the recipe freezes weights, which must come from somewhere",
                    "network.frozen", "give --encoder BUNDLE");
    if (recipe.feature_weight > 0)
        throw Error(ErrorCode::invalid_argument, "the recipe asks for a feature loss, which needs an encoder",
                    "loss.feature_weight", "give --encoder BUNDLE, or set the weight to 0");
}

void start_from(GraphModule &network, const bundle::Bundle &start) {
    if (graph::weight_shapes(start.graph("denoiser")) != graph::weight_shapes(network.graph()))
        throw Error(ErrorCode::mismatch,
                    "cannot start from this bundle: its denoiser has other parameters than the recipe's",
                    start.manifest().name,
                    "give a denoiser of the same architecture, channels and blocks, or change [network]");
    network.load(start);
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
    auto network = std::make_shared<GraphModule>(
        recipe.network(encoder), GraphModule::Options{recipe.spectral_norm, recipe.zero_init});
    if (recipe.identity_tail && !start_color_tail(*network))
        throw Error(ErrorCode::invalid_argument, "the network does not end in three channels of ReLU",
                    "network.color_tail", "leave it out of the recipe");
    if (origin.start) start_from(*network, *origin.start);
    if (encoder) network->load_all(*origin.encoder, kEncoderPrefix);
    network->freeze(recipe.frozen);
    network->to(device);
    return network;
}

} // namespace mirra::trainer
