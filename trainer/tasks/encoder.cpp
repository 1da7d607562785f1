// The subcommand of the encoder's training.
#include "tasks/encoder.hpp"

#include "core/provenance.hpp"
#include "mirra/error.hpp"
#include "tasks/encoder_record.hpp"
#include "tasks/encoder_task.hpp"

#include <CLI/CLI.hpp>

namespace mirra::trainer {
namespace {

Recipe recipe_with_overrides(const EncoderCommand &command) {
    auto recipe = Recipe::load_or_defaults(command.recipe);
    recipe.set("network.architecture", command.architecture);
    recipe.set("network.width", command.width);
    recipe.set("adversary.kind", command.adversary);
    recipe.set("adversary.norm", command.norm);
    recipe.set("adversary.epsilon", command.epsilon);
    recipe.set("adversary.steps", command.attack_steps);
    recipe.set("adversary.step_size", command.step_size);
    recipe.set("optimizer.epochs", command.epochs);
    recipe.set("training.seed", command.seed);
    return recipe;
}

void add_overrides(CLI::App &sub, EncoderCommand &command) {
    const auto group = "Override the recipe";
    sub.add_option("--arch", command.architecture, "alexnet, vgg16, resnet18 or wrn-28-10")->group(group);
    sub.add_option("--width", command.width, "Factor of all channel counts")->group(group);
    sub.add_option("--adversary", command.adversary, "none, pgd, fgsm-rs or gairat")->group(group);
    sub.add_option("--norm", command.norm, "l2 or linf")->group(group);
    sub.add_option("--eps", command.epsilon, "Largest perturbation, on pixels in [0, 1]")->group(group);
    sub.add_option("--steps", command.attack_steps, "Steps of the attack")->group(group);
    sub.add_option("--step-size", command.step_size, "Length of a step, in the units of --eps")->group(group);
    sub.add_option("--epochs", command.epochs, "Passes over the data")->group(group);
    sub.add_option("--seed", command.seed)->check(CLI::NonNegativeNumber)->group(group);
}

/// Before data is opened and processes meet: none of them waits for one that has given up.
void check_batch(std::int64_t batch, int processes) {
    if (batch % processes == 0) return;
    throw Error(ErrorCode::invalid_argument,
                std::to_string(processes) + " processes cannot share evenly a batch of " +
                    std::to_string(batch),
                "data.batch", "set it to a multiple of the number of processes");
}

} // namespace

std::unique_ptr<TrainingTask> encoder_task(const EncoderCommand &command,
                                           const ProcessEnvironment &environment) {
    auto recipe = recipe_with_overrides(command);
    auto settings = EncoderRecipe::read(recipe);
    check_batch(settings.batch, environment.world);
    if (command.threads > 0) torch::set_num_threads(command.threads);
    if (environment.rank == 0) check_output(command.output); // the others write nothing
    return std::make_unique<EncoderTask>(command, std::move(recipe), std::move(settings), environment);
}

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
    sub->add_option("--recipe", command->recipe, "Recipe (TOML), see trainer/recipes");
    sub->add_option("--init", command->init, "Bundle of the same network to start from [random weights]");
    add_run_options(*sub, *command);
    sub->get_option("--restart")
        ->description("Discard the run's checkpoint, but not when a launcher restarts the processes");
    add_overrides(*sub, *command);
    sub->callback([command, &status] { status = train_encoder(*command); });
}

} // namespace mirra::trainer
