// Reading the inverter's recipe.
#include "tasks/inverter_recipe.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <array>

namespace mirra::trainer {
namespace {

constexpr double kLarge = 1e12;
constexpr std::int64_t kMany = 1'000'000'000;

/// A choice with another default than the first.
std::string chosen(Recipe &recipe, const std::string &key, std::vector<std::string> choices,
                   const std::string &fallback) {
    std::ranges::stable_partition(choices, [&](const auto &each) { return each == fallback; });
    return recipe.choice(key, choices);
}

void read_network(Recipe &recipe, InverterRecipe &out) {
    out.layer = recipe.text("network.layer", "");
    out.generator.layout = recipe.choice("network.layout", graph::generator_layouts());
    out.generator.width = recipe.real("network.width", 1, 1.0 / 64, 8);
    out.spectral_norm = recipe.boolean("network.spectral_norm", out.spectral_norm);
    constexpr std::array kTails{"random", "identity", "auto"}; // in the order of ColorTail
    const auto tail = chosen(recipe, "network.color_tail", {kTails.begin(), kTails.end()},
                             kTails.at(static_cast<std::size_t>(out.color_tail)));
    out.color_tail = static_cast<ColorTail>(std::ranges::find(kTails, tail) - kTails.begin());
}

/// The weights are read whatever the kind is, so that one recipe serves every --loss.
void read_loss(Recipe &recipe, InverterRecipe &out) {
    const auto kind = chosen(recipe, "loss.kind", {"pix", "pix+feat", "pix+feat+gan"}, out.loss_kind());
    out.pixel_l1 = chosen(recipe, "loss.pixel", {"l1", "l2"}, out.pixel_l1 ? "l1" : "l2") == "l1";
    out.pixel_weight = recipe.real("loss.pixel_weight", out.pixel_weight, 0, kLarge);
    const bool relative = out.feature_distance == FeatureDistance::relative;
    out.feature_distance = chosen(recipe, "loss.feature", {"squared", "relative"},
                                  relative ? "relative" : "squared") == "relative"
                               ? FeatureDistance::relative
                               : FeatureDistance::squared;
    out.feature_layer = recipe.text("loss.feature_layer", "");
    const double standard = out.feature_weight > 0 ? out.feature_weight : 1,
                 features = recipe.real("loss.feature_weight", standard, 0, kLarge),
                 adversarial = recipe.real("loss.adversarial_weight", 1, 0, kLarge);
    out.feature_weight = kind != "pix" ? features : 0;
    out.adversarial_weight = kind == "pix+feat+gan" ? adversarial : 0;
    if (kind != "pix" && !(features > 0))
        throw Error(ErrorCode::invalid_argument,
                    "the loss '" + kind + "' needs a positive 'loss.feature_weight'", recipe.name(),
                    "set it in the recipe, or give --loss pix");
    if (kind == "pix" && !(out.pixel_weight > 0))
        throw Error(ErrorCode::invalid_argument, "the loss 'pix' needs a positive 'loss.pixel_weight'",
                    recipe.name(), "set it in the recipe");
}

void read_optimizers(Recipe &recipe, InverterRecipe &out) {
    constexpr double kRatio = 4; // of the discriminator's pace to the generator's (A3.1)
    out.optimizer.read(recipe, "optimizer");
    out.average_decay = recipe.real("optimizer.average_decay", out.average_decay, 0, 0.999999);
    out.discriminator = out.optimizer;
    out.discriminator.schedule.rate *= kRatio;
    out.discriminator.schedule.final_rate *= kRatio;
    out.discriminator.adam.beta1 = recipe.real("discriminator.beta1", out.optimizer.adam.beta1, 0, 0.999999);
    out.discriminator.adam.beta2 = recipe.real("discriminator.beta2", out.optimizer.adam.beta2, 0, 0.999999);
    out.discriminator.schedule.rate =
        recipe.real("discriminator.rate", out.discriminator.schedule.rate, 0, 10);
    out.discriminator_width = recipe.real("discriminator.width", 1, 1.0 / 64, 8);
    out.dropout = recipe.real("discriminator.dropout", out.dropout, 0, 0.95);
}

} // namespace

InverterRecipe::InverterRecipe() {
    batch = 32;
    extent = 128;
    optimizer.schedule.rate = 3e-4;
    optimizer.adam.beta1 = 0;
    optimizer.adam.beta2 = 0.9;
}

InverterRecipe InverterRecipe::read(Recipe &recipe, InverterRecipe out) {
    read_network(recipe, out);
    out.read_pictures(recipe);
    read_loss(recipe, out);
    read_optimizers(recipe, out);
    out.validation_every = recipe.integer("validation.every", out.validation_every, 1, kMany);
    out.validation_pictures = recipe.integer("validation.pictures", out.validation_pictures, 1, 100'000);
    out.precision = recipe.choice("training.precision", {"auto", "bf16", "fp32"});
    out.seed = static_cast<std::uint64_t>(recipe.integer("training.seed", 0, 0, INT64_MAX));
    recipe.finish();
    return out;
}

std::string InverterRecipe::loss_kind() const {
    if (adversarial_weight > 0) return "pix+feat+gan";
    return feature_weight > 0 ? "pix+feat" : "pix";
}

} // namespace mirra::trainer
