// The subcommand of the denoiser's training.
#include "tasks/denoiser.hpp"

#include "core/provenance.hpp"
#include "distributed/environment.hpp"
#include "tasks/denoiser_task.hpp"

#include <CLI/CLI.hpp>

namespace mirra::trainer {

std::unique_ptr<TrainingTask> denoiser_task(const DenoiserCommand &command) {
    require_one_process("denoiser");
    auto recipe = Recipe::load(command.recipe);
    recipe.set("optimizer.steps", command.steps);
    recipe.set("training.seed", command.seed);
    auto settings = DenoiserRecipe::read(recipe);
    if (command.threads > 0) torch::set_num_threads(command.threads);
    check_output(command.output);
    return std::make_unique<DenoiserTask>(command, std::move(recipe), std::move(settings));
}

int train_denoiser(const DenoiserCommand &command) {
    return run(*denoiser_task(command), command);
}

void add_denoiser_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("denoiser", "Train a denoiser on a folder of clean pictures");
    const auto command = std::make_shared<DenoiserCommand>();
    sub->add_option("--data", command->data, "Folders of pictures (.png, .jpg), searched to any depth")
        ->required();
    sub->add_option("--recipe", command->recipe, "Recipe (TOML)")
        ->default_val("trainer/recipes/denoiser.toml");
    sub->add_option("--encoder", command->encoder,
                    "Bundle whose encoder the network has, and compares features with");
    sub->add_option(
        "--start-from", command->start,
        "Denoiser bundle to start from: the same parameters, or fewer residual blocks [random weights]");
    sub->add_option("--steps", command->steps, "Override the recipe's steps")->check(CLI::PositiveNumber);
    sub->add_option("--seed", command->seed, "Override the recipe's seed")->check(CLI::NonNegativeNumber);
    add_run_options(*sub, *command);
    sub->callback([command, &status] { status = train_denoiser(*command); });
}

} // namespace mirra::trainer
