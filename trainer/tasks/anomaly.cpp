// The subcommand of the anomaly detector's training.
#include "tasks/anomaly.hpp"

#include "core/provenance.hpp"
#include "distributed/environment.hpp"
#include "eval/anomaly_scoring.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "tasks/anomaly_task.hpp"

#include <CLI/CLI.hpp>

namespace mirra::trainer {
namespace {

void add_overrides(CLI::App &sub, AnomalyCommand &command) {
    const auto group = "Override the recipe";
    sub.add_option("--layer", command.layer, "Tap of the encoder that the generator inverts [its deepest]")
        ->group(group);
    sub.add_option("--steps", command.steps)->check(CLI::PositiveNumber)->group(group);
    sub.add_option("--seed", command.seed)->check(CLI::NonNegativeNumber)->group(group);
    sub.add_option("--memory", command.memory, "Members of the memory of normal features; 0: none")
        ->check(CLI::NonNegativeNumber)
        ->group(group);
    sub.add_option("--false-positive-rate", command.false_positive_rate,
                   "Share of normal pictures that may be called anomalous")
        ->group(group);
}

} // namespace

Recipe recipe_of(const AnomalyCommand &command) {
    auto recipe = Recipe::load_or_defaults(command.recipe);
    recipe.set("network.layer", command.layer);
    recipe.set("optimizer.steps", command.steps);
    recipe.set("training.seed", command.seed);
    recipe.set("memory.members", command.memory);
    recipe.set("calibration.false_positive_rate", command.false_positive_rate);
    return recipe;
}

std::unique_ptr<TrainingTask> anomaly_task(const AnomalyCommand &command) {
    require_one_process("anomaly");
    auto recipe = recipe_of(command);
    auto settings = AnomalyRecipe::read(recipe);
    if (command.threads > 0) torch::set_num_threads(command.threads);
    check_output(command.output);
    AnomalyScorer::check();
    check_encoder(command.encoder, settings);
    auto pictures = open_anomaly_pictures(command, settings);
    if (pictures.training->size() < settings.generator.batch) {
        log_info("batches of " + std::to_string(pictures.training->size()) + ": all pictures that there are");
        settings.generator.batch = pictures.training->size();
    }
    return std::make_unique<AnomalyTask>(command, std::move(recipe), std::move(settings),
                                         std::move(pictures));
}

int train_anomaly(const AnomalyCommand &command) {
    try {
        return run(*anomaly_task(command), command);
    } catch (const Error &error) {
        if (error.code() != ErrorCode::cancelled) throw;
        log_warning("interrupted before the bundle was written; the same command goes on from " +
                    run_folder(command).string());
        return exit_status(RunResult::interrupted);
    }
}

void add_anomaly_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("anomaly", "Train an anomaly detector on pictures of good parts");
    const auto command = std::make_shared<AnomalyCommand>();
    sub->add_option("--encoder", command->encoder, "Bundle with the encoder, which stays as it is")
        ->required();
    sub->add_option("--data", command->data,
                    "Folders of normal pictures, searched to any depth (train/ where there is one); with "
                    "--class: labelled data, a folder a class or cifar10:DIR")
        ->required();
    sub->add_option("--class", command->class_name, "The class of labelled data that is normal");
    sub->add_option("--count", command->count, "Pictures of --data at most, evenly spaced; 0: all")
        ->check(CLI::NonNegativeNumber);
    sub->add_option("--val-good", command->val_good,
                    "Folder of further normal pictures that calibrate the scores [a fifth of --data]");
    sub->add_option("--bad", command->bad,
                    "Folder of anomalous pictures, which calibrate the probability and are measured");
    sub->add_option("--recipe", command->recipe, "Recipe (TOML), see trainer/recipes");
    add_run_options(*sub, *command);
    add_overrides(*sub, *command);
    sub->callback([command, &status] { status = train_anomaly(*command); });
}

} // namespace mirra::trainer
