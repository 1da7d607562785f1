// Reading the denoiser's recipe.
#include "tasks/denoiser_recipe.hpp"

#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr double kLarge = 1e12;
constexpr std::int64_t kMany = 1'000'000'000;

void read_wavelet(Recipe &recipe, DenoiserRecipe &out) {
    out.wavelet.channels = recipe.integers("network.channels", out.wavelet.channels);
    out.wavelet.blocks = recipe.integers("network.blocks", out.wavelet.blocks);
    out.wavelet.noise_level_input = recipe.boolean("network.noise_level_input", true);
}

void read_alexnet(Recipe &recipe, DenoiserRecipe &out) {
    const auto transform = recipe.text("network.input_transform", "");
    if (!transform.empty()) out.input_transform = graph::parse_input_transform(transform);
    out.identity_tail = recipe.choice("network.color_tail", {"random", "identity"}) == "identity";
}

void read_network(Recipe &recipe, DenoiserRecipe &out) {
    out.architecture = recipe.choice("network.architecture", {"wavelet-denoiser", "alexnet-denoiser"});
    out.architecture == "wavelet-denoiser" ? read_wavelet(recipe, out) : read_alexnet(recipe, out);
    out.spectral_norm = recipe.texts("network.spectral_norm", {});
    out.zero_init = recipe.texts("network.zero_init", {});
    out.frozen = recipe.texts("network.frozen", {});
}

void read_data(Recipe &recipe, DenoiserRecipe &out) {
    out.crop = recipe.integer("data.crop", out.crop, 16, 4096);
    out.batch = recipe.integer("data.batch", out.batch, 1, 4096);
    out.flips = recipe.boolean("data.flips", true);
    out.rotations = recipe.boolean("data.rotations", true);
    out.noise.read(recipe);
}

bool takes_noise_level(const graph::Graph &network) {
    return std::ranges::any_of(network.inputs, [](const auto &input) { return input.name == "noise_level"; });
}

} // namespace

DenoiserRecipe DenoiserRecipe::read(Recipe &recipe) {
    DenoiserRecipe out;
    read_network(recipe, out);
    read_data(recipe, out);
    out.pixel_l1 = recipe.choice("loss.pixel", {"l1", "l2"}) == "l1";
    out.pixel_weight = recipe.real("loss.pixel_weight", 1, 0, kLarge);
    out.feature_weight = recipe.real("loss.feature_weight", 0, 0, kLarge);
    out.feature_distance = recipe.choice("loss.feature", {"squared", "relative"}) == "relative"
                               ? FeatureDistance::relative
                               : FeatureDistance::squared;
    out.optimizer.read(recipe, "optimizer");
    out.validation_every = recipe.integer("validation.every", out.validation_every, 1, kMany);
    out.validation_pictures = recipe.integer("validation.pictures", out.validation_pictures, 1, 10'000);
    out.validation_sigma = recipe.real("validation.sigma", out.validation_sigma, 0, 255);
    out.precision = recipe.choice("training.precision", {"bf16", "fp32", "auto"});
    out.seed = static_cast<std::uint64_t>(recipe.integer("training.seed", 0, 0, INT64_MAX));
    recipe.finish();
    return out;
}

graph::Graph DenoiserRecipe::network(const graph::Graph *encoder) const {
    const auto network = [&] {
        if (architecture == "wavelet-denoiser") return graph::wavelet_denoiser(wavelet);
        if (encoder) return graph::alexnet_denoiser(*encoder, input_transform);
        return graph::alexnet_denoiser(input_transform.value_or(graph::InputTransform::mean_std));
    }();
    if (noise.known_probability > 0 && !takes_noise_level(network))
        throw Error(ErrorCode::invalid_argument,
                    "recipe: noise levels are to be told to a network that has no input for them",
                    "noise.known_probability",
                    "leave it out, or give the network the input (noise_level_input of wavelet-denoiser)");
    const auto step = graph::alignment(network);
    if (crop % step != 0 || crop < graph::minimum_extent(network))
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'data.crop' must be a multiple of " + std::to_string(step) + ", at least " +
                        std::to_string(graph::minimum_extent(network)),
                    std::to_string(crop));
    return network;
}

} // namespace mirra::trainer
