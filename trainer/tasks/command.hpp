// What the command lines of all trainings have in common.
#pragma once

#include "core/provenance.hpp"
#include "core/recipe.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::runtime {
class WorkRecorder;
}

namespace mirra::trainer {

class TrainingTask;

struct RunCommand {
    std::filesystem::path recipe, output; ///< recipe: see find_recipe(); empty: the defaults
    Overrides overrides;                  ///< of the recipe
    std::filesystem::path folder;         ///< of the run; empty: OUTPUT.run
    std::string device = "cpu";
    int threads = 0, loader_threads = 1; ///< threads 0: all
    bool restart = false;
    std::string licence;                       ///< of the bundle, for its manifest
    runtime::WorkRecorder *recorder = nullptr; ///< of steps; null: that of the device, see RecordedStep
};

/// Where a run keeps its files: --run, else OUTPUT.run.
std::filesystem::path run_folder(const RunCommand &command);

/// An option that overrides a setting.
struct Shortcut {
    std::string_view flag, key;
};

/// Declares all of the above; overrides as --set KEY=VALUE and as shortcuts, whose help is that of their
/// keys. `command` must outlive `sub`.
void add_run_options(CLI::App &sub, RunCommand &command, std::span<const Shortcut> shortcuts,
                     const std::vector<RecipeKey> &keys);

/// The recipe that the command names, with its overrides. @throws Error
Recipe recipe_of(const RunCommand &command, std::span<const RecipeKey> keys);

/// A batch of more pictures than there are becomes one of all of them, and says so.
/// @param processes  that share it evenly
void fit_batch(std::int64_t &batch, std::int64_t pictures, std::int64_t processes = 1);

/// The command as words that give the same run; without --restart, which would discard it.
/// @param own  options of this training, each with its value; those without one are left out
std::vector<std::string> words_of(const RunCommand &command, const std::string &task,
                                  const std::vector<std::pair<std::string, std::string>> &own,
                                  std::span<const Shortcut> shortcuts);

/// What a run's record has besides the facts that its bundle tells.
struct RunStart {
    std::vector<std::string> words;      ///< see words_of()
    std::vector<std::string> validation; ///< as given; empty: of the data
    std::int64_t validation_pictures = 0;
    bool bf16 = false;
    bool resumed = false;                          ///< the date of the first start stays
    std::int64_t epochs = 0;                       ///< 0: not counted
    std::optional<std::int64_t> epochs_before = 0; ///< in earlier rounds; nothing: not known
};

/// Writes the run's record, core/run_folder.hpp. @throws Error io | not_found
void record_run(const RunCommand &command, const TrainingFacts &facts, const RunStart &start);

/// Adds how many pictures could not be read. @throws Error io | corrupt
void record_skipped(const RunCommand &command, std::int64_t skipped);

/// Runs the task to its end or to Ctrl-C. Returns the process's exit status. @throws Error as run_training()
int run(TrainingTask &task, const RunCommand &command);

/// The subcommands of the trainings; `status` gets the exit status of the one that was called.
void add_encoder_command(CLI::App &app, int &status);
void add_inverter_command(CLI::App &app, int &status);
void add_denoiser_command(CLI::App &app, int &status);
void add_stylizer_command(CLI::App &app, int &status);
void add_anomaly_command(CLI::App &app, int &status);
void add_network_command(CLI::App &app, int &status);

/// The subcommand that prints the keys of recipes.
void add_recipe_command(CLI::App &app);

/// What it prints: tables in Markdown, of one task or of all with the recipes that come along, which is
/// docs/reference/recipes.md. @throws Error not_found
std::string recipe_reference(const std::string &task = {});

} // namespace mirra::trainer
