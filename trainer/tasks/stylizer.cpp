// The subcommand of the stylizer's training.
#include "tasks/stylizer.hpp"

#include "core/provenance.hpp"
#include "distributed/environment.hpp"
#include "tasks/stylizer_training.hpp"

#include <CLI/CLI.hpp>

namespace mirra::trainer {
namespace {

void add_overrides(CLI::App &sub, StylizerCommand &command) {
    const auto group = "Override the recipe";
    sub.add_option("--levels", command.levels,
                   "Taps of the encoder, in the order in which styles are applied [all, the deepest first]")
        ->group(group);
    sub.add_option("--steps", command.steps, "Of every level")->check(CLI::PositiveNumber)->group(group);
    sub.add_option("--seed", command.seed)->check(CLI::NonNegativeNumber)->group(group);
}

} // namespace

int train_stylizer(const StylizerCommand &command) {
    require_one_process("stylizer");
    if (command.threads > 0) torch::set_num_threads(command.threads);
    check_output(command.output);
    return exit_status(StylizerTraining(command).run());
}

void add_stylizer_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("stylizer", "Train the generators of a style transfer, one a level");
    const auto command = std::make_shared<StylizerCommand>();
    add_generator_options(*sub, *command);
    sub->add_option("--init", command->init,
                    "Inverter or stylizer bundles of the same encoder; a level that they have a generator of "
                    "starts from it [random weights]");
    sub->add_option("--level-bundle", command->level_bundles,
                    "LAYER=BUNDLE: take this level from an inverter or stylizer bundle of the same encoder, "
                    "and do not train it");
    add_run_options(*sub, *command);
    add_overrides(*sub, *command);
    sub->callback([command, &status] { status = train_stylizer(*command); });
}

} // namespace mirra::trainer
