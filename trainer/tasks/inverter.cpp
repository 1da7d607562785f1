// The subcommand of the inverter's training.
#include "tasks/inverter.hpp"

#include "core/provenance.hpp"
#include "distributed/environment.hpp"
#include "tasks/inverter_task.hpp"

#include <CLI/CLI.hpp>

namespace mirra::trainer {
namespace {

Recipe recipe_with_overrides(const InverterCommand &command) {
    auto recipe = Recipe::load_or_defaults(command.recipe);
    recipe.set("network.layer", command.layer);
    recipe.set("loss.kind", command.loss);
    recipe.set("optimizer.steps", command.steps);
    recipe.set("training.seed", command.seed);
    return recipe;
}

void add_overrides(CLI::App &sub, InverterCommand &command) {
    const auto group = "Override the recipe";
    sub.add_option("--layer", command.layer, "Tap of the encoder to invert [its deepest]")->group(group);
    sub.add_option("--loss", command.loss, "pix, pix+feat or pix+feat+gan")->group(group);
    sub.add_option("--steps", command.steps)->check(CLI::PositiveNumber)->group(group);
    sub.add_option("--seed", command.seed)->check(CLI::NonNegativeNumber)->group(group);
}

} // namespace

std::unique_ptr<TrainingTask> inverter_task(const InverterCommand &command) {
    require_one_process("inverter");
    auto recipe = recipe_with_overrides(command);
    auto settings = InverterRecipe::read(recipe);
    if (command.threads > 0) torch::set_num_threads(command.threads);
    check_output(command.output);
    return std::make_unique<InverterTask>(command, std::move(recipe), std::move(settings));
}

int train_inverter(const InverterCommand &command) {
    return run(*inverter_task(command), command);
}

void add_inverter_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("inverter", "Train a generator that inverts an encoder's features");
    const auto command = std::make_shared<InverterCommand>();
    add_generator_options(*sub, *command);
    sub->add_option("--init", command->init,
                    "Inverter bundle of the same layer to start from [random weights]");
    add_run_options(*sub, *command);
    add_overrides(*sub, *command);
    sub->callback([command, &status] { status = train_inverter(*command); });
}

} // namespace mirra::trainer
