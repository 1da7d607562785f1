// The command, the recipe, the record and the bundle of an encoder's training.
#include "tasks/encoder.hpp"

#include "attacks/gradient_attacks.hpp"
#include "core/divergence.hpp"
#include "core/provenance.hpp"
#include "core/random.hpp"
#include "core/text.hpp"
#include "log/log.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <cmath>

namespace mirra::trainer {
namespace {

constexpr std::array kShortcuts{Shortcut{"--arch", "network.architecture"},
                                Shortcut{"--width", "network.width"},
                                Shortcut{"--adversary", "adversary.kind"},
                                Shortcut{"--norm", "adversary.norm"},
                                Shortcut{"--eps", "adversary.epsilon"},
                                Shortcut{"--steps", "adversary.steps"},
                                Shortcut{"--step-size", "adversary.step_size"},
                                Shortcut{"--epochs", "optimizer.epochs"},
                                Shortcut{"--batch", "data.batch"},
                                Shortcut{"--seed", "training.seed"}};

} // namespace

int train_encoder(const EncoderCommand &command) {
    return run(*encoder_task(command), command);
}

void add_encoder_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("encoder", "Train a classifier, on adversarial examples if asked to");
    const auto command = std::make_shared<EncoderCommand>();
    sub->add_option(
           "--data", command->data,
           "Folders that hold one folder of pictures a class (or train/ and val/ of that), or cifar10:DIR")
        ->required();
    sub->add_option("--validation", command->validation,
                    "The same, for validation [val/ or test/ of --data]");
    sub->add_option("--init", command->init, "Bundle of the same network to start from [random weights]");
    add_run_options(*sub, *command, kShortcuts, recipe_keys<EncoderRecipe>());
    sub->get_option("--restart")
        ->description("Discard the run's checkpoint, but not when a launcher restarts the processes");
    sub->callback([command, &status] { status = train_encoder(*command); });
}

namespace {

constexpr std::int64_t kWidestHidden = 65'536;
constexpr double kLarge = 1e12, kMany = 1e9, kMostSteps = 10'000;

void declare_network(RecipeKeys &keys, EncoderRecipe &out) {
    constexpr double kNarrowest = 1.0 / 64, kWidest = 8, kLargestPooled = 32, kMostDropped = 0.95;
    auto &network = out.network;
    keys.choice("network.architecture", network.architecture, graph::classifier_architectures(),
                "The network");
    keys.real("network.width", network.width, {kNarrowest, kWidest}, "Factor of all channel counts");
    network.batch_norm = network.architecture == "vgg16";
    keys.flag("network.batch_norm", network.batch_norm, "Batch norm after every convolution, of vgg16")
        .fallback = "true for vgg16";
    keys.integers("network.hidden", network.hidden, "Widths of the hidden linear layers (alexnet, vgg16)");
    if (std::ranges::any_of(network.hidden, [](auto width) { return width < 1 || width > kWidestHidden; }))
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'network.hidden' takes widths from 1 to " + std::to_string(kWidestHidden),
                    keys.recipe_name());
    keys.integer("network.pooled_extent", network.pooled_extent, {1, kLargestPooled},
                 "Extent of the features before the linear layers (alexnet, vgg16)");
    keys.real("network.dropout", out.dropout, {0, kMostDropped},
              "Share of the hidden layers' values that dropout drops (alexnet, vgg16)");
    std::vector<std::pair<std::string, graph::InputTransform>> transforms;
    for (const auto transform : graph::input_transforms())
        transforms.emplace_back(graph::name_of(transform), transform);
    keys.choice("network.input_transform", network.transform, transforms, "What is done to pixels first");
}

void declare_adversary(RecipeKeys &keys, EncoderRecipe &out) {
    constexpr double kMostLambda = 100;
    keys.choice<Adversary>("adversary.kind", out.adversary,
                           {{"none", Adversary::none},
                            {"pgd", Adversary::pgd},
                            {"fgsm-rs", Adversary::fgsm_rs},
                            {"gairat", Adversary::gairat}},
                           "The attack that changes the training pictures; `none` is standard training");
    keys.choice<Norm>("adversary.norm", out.budget.norm, {{"l2", Norm::l2}, {"linf", Norm::linf}},
                      "Norm that bounds a perturbation");
    keys.real("adversary.epsilon", out.budget.epsilon, {0, kLargestEpsilon},
              "Largest perturbation, on pixels from 0 to 1");
    if (out.adversary != Adversary::none && !(out.budget.epsilon > 0))
        throw Error(ErrorCode::invalid_argument, "an adversary needs a positive 'adversary.epsilon'",
                    keys.recipe_name(), "set it in the recipe, or give --eps");
    keys.integer("adversary.steps", out.attack_steps, {1, kMostSteps}, "Steps of an attack");
    out.step_size = usual_step_size(out.budget.epsilon, out.attack_steps);
    keys.real("adversary.step_size", out.step_size, {0, kLargestEpsilon},
              "Length of a step, in the units of the epsilon")
        .fallback = "2.5 epsilon / steps";
    if (out.adversary != Adversary::none && !(out.step_size > 0))
        throw Error(ErrorCode::invalid_argument, "an adversary needs a positive 'adversary.step_size'",
                    keys.recipe_name(), "leave it out of the recipe: it follows from epsilon and steps");
    keys.real("adversary.warmup_epochs", out.attack_warmup_epochs, {0, kMany},
              "First epochs, over which epsilon and step size grow from 0: a large epsilon at the start can "
              "keep a network from learning at all");
    keys.flag("adversary.random_start", out.random_start, "Start anywhere within the epsilon");
    keys.flag("adversary.best_iterate", out.best_iterate, "Train on the step with the highest loss");
    keys.real("adversary.gairat_lambda", out.gairat_lambda, {-kMostLambda, kMostLambda},
              "GAIRAT's lambda: how much pictures near the boundary count more");
    keys.integer("adversary.gairat_begin_epoch", out.gairat_begin_epoch, {0, kMany},
                 "First epoch in which GAIRAT weighs the pictures");
}

void check_step_epochs(const RecipeKeys &keys, const EncoderRecipe &settings) {
    std::int64_t before = 0;
    for (const auto epoch : settings.step_epochs) {
        if (epoch <= before || epoch >= settings.epochs)
            throw Error(ErrorCode::invalid_argument,
                        "recipe: 'optimizer.step_epochs' takes epochs in ascending order, each from 1 to "
                        "below 'optimizer.epochs'",
                        keys.recipe_name());
        before = epoch;
    }
    const auto positive = [](double factor) { return factor > 0 && factor <= 1; };
    const auto &factors = settings.step_factors;
    if (!factors.empty() &&
        (factors.size() != settings.step_epochs.size() || !std::ranges::all_of(factors, positive)))
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'optimizer.step_factors' takes a number above 0, at most 1, for each of "
                    "'optimizer.step_epochs'",
                    keys.recipe_name());
}

void check_growth(const RecipeKeys &keys, const EncoderRecipe &settings) {
    std::int64_t growing = 0;
    for (const auto &phase : settings.growth) growing += phase.epochs;
    if (growing >= settings.epochs)
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'data.growth_epochs' leave no epoch of 'optimizer.epochs' for 'data.extent'",
                    keys.recipe_name());
}

void declare_optimizer(RecipeKeys &keys, EncoderRecipe &out) {
    constexpr double kMostSmoothing = 0.9, kMostMomentum = 0.9999, kMostEpochs = 1e6, kFastest = 100,
                     kAlmostOne = 0.999999;
    keys.real("loss.label_smoothing", out.label_smoothing, {0, kMostSmoothing},
              "Share of a label that is spread over all classes");
    keys.real("optimizer.momentum", out.sgd.momentum, {0, kMostMomentum}, "Momentum of SGD");
    keys.real("optimizer.weight_decay", out.sgd.weight_decay, {0, 1}, "L2 penalty of the weights");
    keys.flag("optimizer.nesterov", out.sgd.nesterov, "Nesterov's momentum");
    keys.integer("optimizer.epochs", out.epochs, {1, kMostEpochs}, "Passes over the data");
    check_growth(keys, out);
    keys.choice("optimizer.schedule", out.schedule, {"cosine", "constant", "step"}, "How the rate goes on");
    keys.real("optimizer.rate", out.rate, {0, kFastest, true}, "Learning rate");
    keys.real("optimizer.final_rate", out.final_rate, {0, out.rate}, "Rate of `cosine` at the end")
        .set_open_range("from 0 to the rate");
    keys.real("optimizer.warmup_epochs", out.warmup_epochs, {0, static_cast<double>(out.epochs)},
              "First epochs, over which the rate grows from 0")
        .set_open_range("from 0 to the epochs");
    keys.integer("optimizer.step_every_epochs", out.step_every_epochs, {1, kMany},
                 "Epochs between the drops of `step`");
    keys.integers("optimizer.step_epochs", out.step_epochs,
                  "Epochs in which the rate drops, instead of `step_every_epochs`");
    keys.reals("optimizer.step_factors", out.step_factors,
               "What the rate is multiplied by at each of `step_epochs`");
    check_step_epochs(keys, out);
    keys.real("optimizer.step_factor", out.step_factor, {0, 1}, "What a drop multiplies the rate by");
    keys.real("optimizer.clip_norm", out.clip_norm, {0, kLarge}, "Largest norm of a step's gradient; 0: any");
    keys.real("optimizer.average_decay", out.average_decay, {0, kAlmostOne},
              "Decay of the moving average of the weights; 0: none");
}

} // namespace

void EncoderRecipe::declare(RecipeKeys &keys) {
    declare_network(keys, *this);
    declare_pictures(keys);
    declare_adversary(keys, *this);
    declare_optimizer(keys, *this);
    keys.integer("validation.every_epochs", validation_every, {1, kMany}, "Epochs between validations");
    keys.integer("validation.pictures", validation_pictures, {1, kMany},
                 "Most pictures that a validation attacks");
    validation_epsilon = budget.epsilon;
    keys.real("validation.epsilon", validation_epsilon, {0, kLargestEpsilon},
              "Largest perturbation of the validation's PGD")
        .fallback = "that of the adversary";
    keys.integer("validation.steps", validation_steps, {1, kMostSteps}, "Steps of the validation's PGD");
    declare_training(keys, precision, seed);
    keys.flag("training.channels_last", channels_last, "Memory format of the convolutions");
}

Budget EncoderRecipe::budget_at(std::int64_t picture_extent) const {
    if (budget.norm == Norm::linf) return budget;
    return {budget.norm, budget.epsilon * static_cast<double>(picture_extent) / static_cast<double>(extent)};
}

double EncoderRecipe::attack_strength(std::int64_t step, std::int64_t steps_per_epoch) const {
    const auto warmup = attack_warmup_epochs * static_cast<double>(steps_per_epoch);
    return warmup > 0 ? std::min(1.0, static_cast<double>(step + 1) / warmup) : 1.0;
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
            .step_factor = step_factor,
            .factors = step_factors};
}

std::vector<std::string> words_of(const EncoderCommand &command) {
    std::vector<std::pair<std::string, std::string>> own;
    for (const auto &source : command.data) own.emplace_back("--data", source);
    for (const auto &source : command.validation) own.emplace_back("--validation", source);
    own.emplace_back("--init", command.init.string());
    return words_of(command, "encoder", own, kShortcuts);
}

void write_encoder_bundle(const EncoderBundle &bundle) {
    bundle::Manifest manifest;
    manifest.name = bundle_name(bundle.output);
    manifest.architecture = bundle.settings.network.architecture;
    manifest.licence = bundle.licence;
    auto provenance = provenance_of(bundle.facts);
    const auto &settings = bundle.settings;
    provenance.classes = bundle.classes;
    provenance.adversary = {.norm = settings.budget.norm == Norm::l2 ? "l2" : "linf",
                            .epsilon = settings.adversary == Adversary::none ? 0 : settings.budget.epsilon};
    provenance.epochs = settings.epochs;
    manifest.provenance = bundle::to_json(provenance);
    manifest.graphs.emplace("encoder", bundle.graphs.encoder);
    manifest.graphs.emplace("classifier", bundle.graphs.classifier);
    write_trained(bundle.output, manifest, bundle.network.weights(), bundle::DType::f16);
    log_info("wrote " + bundle.output.string());
}

} // namespace mirra::trainer
