// Reading the denoiser's recipe.
#include "tasks/denoiser_recipe.hpp"

#include "mirra/error.hpp"

namespace mirra::trainer {
namespace {

constexpr double kLarge = 1e12;
constexpr std::int64_t kMany = 1'000'000'000;

void read_network(Recipe &recipe, DenoiserRecipe &out) {
    out.architecture = recipe.choice("network.architecture", {"wavelet-denoiser", "alexnet-denoiser"});
    out.wavelet.channels = recipe.integers("network.channels", out.wavelet.channels);
    out.wavelet.blocks = recipe.integers("network.blocks", out.wavelet.blocks);
    out.wavelet.noise_level_input = recipe.boolean("network.noise_level_input", true);
    out.input_transform = graph::parse_input_transform(recipe.text("network.input_transform", "mean_std"));
    out.spectral_norm = recipe.texts("network.spectral_norm", {});
    out.zero_init = recipe.texts("network.zero_init", {});
    out.frozen = recipe.texts("network.frozen", {});
}

void read_data(Recipe &recipe, DenoiserRecipe &out) {
    out.crop = recipe.integer("data.crop", out.crop, 16, 4096);
    out.batch = recipe.integer("data.batch", out.batch, 1, 4096);
    out.flips = recipe.boolean("data.flips", true);
    out.rotations = recipe.boolean("data.rotations", true);
    out.sigma_minimum = recipe.real("noise.sigma_minimum", out.sigma_minimum, 0, 255);
    out.sigma_maximum = recipe.real("noise.sigma_maximum", out.sigma_maximum, out.sigma_minimum, 255);
    out.clip_probability = recipe.real("noise.clip_probability", out.clip_probability, 0, 1);
    out.known_probability = recipe.real("noise.known_probability", out.known_probability, 0, 1);
}

} // namespace

DenoiserRecipe DenoiserRecipe::read(Recipe &recipe) {
    DenoiserRecipe out;
    read_network(recipe, out);
    read_data(recipe, out);
    out.pixel_l1 = recipe.choice("loss.pixel", {"l1", "l2"}) == "l1";
    out.pixel_weight = recipe.real("loss.pixel_weight", 1, 0, kLarge);
    out.feature_weight = recipe.real("loss.feature_weight", 0, 0, kLarge);
    out.optimizer.read(recipe, "optimizer");
    out.validation_every = recipe.integer("validation.every", out.validation_every, 1, kMany);
    out.validation_pictures = recipe.integer("validation.pictures", out.validation_pictures, 1, 10'000);
    out.validation_sigma = recipe.real("validation.sigma", out.validation_sigma, 0, 255);
    out.bf16 = recipe.choice("training.precision", {"bf16", "fp32"}) == "bf16";
    out.seed = static_cast<std::uint64_t>(recipe.integer("training.seed", 0, 0, INT64_MAX));
    recipe.finish();
    return out;
}

graph::Graph DenoiserRecipe::network() const {
    auto network = architecture == "alexnet-denoiser" ? graph::alexnet_denoiser(input_transform)
                                                      : graph::wavelet_denoiser(wavelet);
    const auto step = graph::alignment(network);
    if (crop % step != 0 || crop < graph::minimum_extent(network))
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'data.crop' must be a multiple of " + std::to_string(step) + ", at least " +
                        std::to_string(graph::minimum_extent(network)),
                    std::to_string(crop));
    return network;
}

} // namespace mirra::trainer
