// Reading the encoder's recipe.
#include "tasks/encoder_recipe.hpp"

#include "attacks/gradient_attacks.hpp"
#include "core/random.hpp"
#include "mirra/error.hpp"

#include <cmath>

namespace mirra::trainer {
namespace {

constexpr double kLarge = 1e12;
constexpr std::int64_t kMany = 1'000'000'000;

void read_network(Recipe &recipe, EncoderRecipe &out) {
    auto &network = out.network;
    network.architecture = recipe.choice("network.architecture", graph::classifier_architectures());
    network.width = recipe.real("network.width", 1, 1.0 / 64, 8);
    network.batch_norm = recipe.boolean("network.batch_norm", network.architecture == "vgg16");
    network.hidden = recipe.integers("network.hidden", network.hidden);
    network.pooled_extent = recipe.integer("network.pooled_extent", network.pooled_extent, 1, 32);
    out.dropout = recipe.real("network.dropout", 0, 0, 0.95);
    network.transform = graph::parse_input_transform(recipe.text("network.input_transform", "mean_std"));
}

void read_adversary(Recipe &recipe, EncoderRecipe &out) {
    const auto kind = recipe.choice("adversary.kind", {"none", "pgd", "fgsm-rs", "gairat"});
    out.adversary = kind == "pgd"       ? Adversary::pgd
                    : kind == "fgsm-rs" ? Adversary::fgsm_rs
                    : kind == "gairat"  ? Adversary::gairat
                                        : Adversary::none;
    out.budget.norm = recipe.choice("adversary.norm", {"l2", "linf"}) == "l2" ? Norm::l2 : Norm::linf;
    out.budget.epsilon = recipe.real("adversary.epsilon", 0, 0, 1e4);
    if (out.adversary != Adversary::none && !(out.budget.epsilon > 0))
        throw Error(ErrorCode::invalid_argument, "an adversary needs a positive 'adversary.epsilon'",
                    recipe.name(), "set it in the recipe, or give --eps");
    out.attack_steps = recipe.integer("adversary.steps", out.attack_steps, 1, 10'000);
    out.step_size =
        recipe.real("adversary.step_size", usual_step_size(out.budget.epsilon, out.attack_steps), 0, 1e4);
    out.random_start = recipe.boolean("adversary.random_start", false);
    out.best_iterate = recipe.boolean("adversary.best_iterate", false);
    out.gairat_lambda = recipe.real("adversary.gairat_lambda", out.gairat_lambda, -100, 100);
    out.gairat_begin_epoch = recipe.integer("adversary.gairat_begin_epoch", 0, 0, kMany);
}

void check_step_epochs(const Recipe &recipe, const EncoderRecipe &settings) {
    std::int64_t before = 0;
    for (const auto epoch : settings.step_epochs) {
        if (epoch <= before || epoch >= settings.epochs)
            throw Error(ErrorCode::invalid_argument,
                        "recipe: 'optimizer.step_epochs' takes epochs in ascending order, each from 1 to "
                        "below 'optimizer.epochs'",
                        recipe.name());
        before = epoch;
    }
}

void read_optimizer(Recipe &recipe, EncoderRecipe &out) {
    out.label_smoothing = recipe.real("loss.label_smoothing", 0, 0, 0.9);
    out.sgd.momentum = recipe.real("optimizer.momentum", out.sgd.momentum, 0, 0.9999);
    out.sgd.weight_decay = recipe.real("optimizer.weight_decay", 0, 0, 1);
    out.sgd.nesterov = recipe.boolean("optimizer.nesterov", false);
    out.epochs = recipe.integer("optimizer.epochs", out.epochs, 1, 1'000'000);
    std::int64_t growing = 0;
    for (const auto &phase : out.growth) growing += phase.epochs;
    if (growing >= out.epochs)
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'data.growth_epochs' leave no epoch of 'optimizer.epochs' for 'data.extent'",
                    recipe.name());
    out.schedule = recipe.choice("optimizer.schedule", {"cosine", "constant", "step"});
    out.rate = recipe.real("optimizer.rate", out.rate, 0, 100);
    out.final_rate = recipe.real("optimizer.final_rate", 0, 0, out.rate);
    out.warmup_epochs = recipe.real("optimizer.warmup_epochs", 0, 0, static_cast<double>(out.epochs));
    out.step_every_epochs = recipe.integer("optimizer.step_every_epochs", out.step_every_epochs, 1, kMany);
    out.step_epochs = recipe.integers("optimizer.step_epochs", {});
    check_step_epochs(recipe, out);
    out.step_factor = recipe.real("optimizer.step_factor", out.step_factor, 0, 1);
    out.clip_norm = recipe.real("optimizer.clip_norm", 0, 0, kLarge);
    out.average_decay = recipe.real("optimizer.average_decay", 0, 0, 0.999999);
}

} // namespace

EncoderRecipe EncoderRecipe::read(Recipe &recipe) {
    EncoderRecipe out;
    read_network(recipe, out);
    out.read_pictures(recipe);
    read_adversary(recipe, out);
    read_optimizer(recipe, out);
    out.validation_every = recipe.integer("validation.every_epochs", out.validation_every, 1, kMany);
    out.validation_pictures = recipe.integer("validation.pictures", out.validation_pictures, 1, kMany);
    out.validation_epsilon = recipe.real("validation.epsilon", out.budget.epsilon, 0, 1e4);
    out.validation_steps = recipe.integer("validation.steps", out.validation_steps, 1, 10'000);
    out.precision = recipe.choice("training.precision", {"auto", "bf16", "fp32"});
    out.channels_last = recipe.boolean("training.channels_last", out.channels_last);
    out.seed = static_cast<std::uint64_t>(recipe.integer("training.seed", 0, 0, INT64_MAX));
    recipe.finish();
    return out;
}

Budget EncoderRecipe::budget_at(std::int64_t picture_extent) const {
    if (budget.norm == Norm::linf) return budget;
    return {budget.norm, budget.epsilon * static_cast<double>(picture_extent) / static_cast<double>(extent)};
}

std::uint64_t EncoderRecipe::dropout_seed(std::int64_t step, int rank) const {
    constexpr std::uint64_t kSalt = 0x64726f70; // keeps the masks apart from the loader's randomness
    const auto first = mix(seed ^ kSalt) ^ static_cast<std::uint64_t>(step);
    return rank == 0 ? first : mix(first ^ mix(static_cast<std::uint64_t>(rank)));
}

Schedule EncoderRecipe::steps(std::int64_t steps_per_epoch) const {
    std::vector<std::int64_t> drops;
    for (const auto epoch : step_epochs) drops.push_back(epoch * steps_per_epoch);
    return {.kind = schedule,
            .rate = rate,
            .final_rate = final_rate,
            .warmup = std::llround(warmup_epochs * static_cast<double>(steps_per_epoch)),
            .steps = epochs * steps_per_epoch,
            .step_every = step_every_epochs * steps_per_epoch,
            .drops = std::move(drops),
            .step_factor = step_factor};
}

} // namespace mirra::trainer
