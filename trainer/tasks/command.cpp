// The common options.
#include "tasks/command.hpp"

#include "core/run_folder.hpp"
#include "core/text.hpp"
#include "core/training_run.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/printable.hpp"

#include <CLI/CLI.hpp>
#include <torch/version.h>

#include <algorithm>

namespace mirra::trainer {
namespace {

/// What a manifest cannot hold would be found out only when the bundle is written.
std::string no_text(const std::string &text) {
    constexpr std::size_t kMost = 1000;
    if (text.size() > kMost) return "the text has more than " + std::to_string(kMost) + " bytes";
    return printable(text) == text ? "" : "the text is not one line of UTF-8";
}

/// As a recipe has a text, so may the command line.
std::string unquoted(const std::string &value) {
    const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    return quoted ? value.substr(1, value.size() - 2) : value;
}

std::string type_name(RecipeKey::Kind kind) {
    if (kind == RecipeKey::Kind::real) return "FLOAT";
    return kind == RecipeKey::Kind::integer ? "INT" : "TEXT";
}

void add_overrides(CLI::App &sub, Overrides &overrides, std::span<const Shortcut> shortcuts,
                   const std::vector<RecipeKey> &keys) {
    const auto *group = "Override the recipe (keys: mirra-train recipe)";
    for (const auto &[flag, name] : shortcuts) {
        const auto &key = key_of(std::string(name), keys);
        auto help = key.doc + (key.kind == RecipeKey::Kind::choice ? ": " + key.values : "");
        std::erase(help, '`'); // of the documentation's code
        sub.add_option_function<std::string>(
               std::string(flag), [&overrides, key = key.name](const auto &text) { overrides[key] = text; },
               help)
            ->check([key](const std::string &text) { return refusal_of(key, text); }) // names the option
            ->type_name(type_name(key.kind))
            ->group(group);
    }
    sub.add_option_function<std::vector<std::string>>(
           "--set",
           [&overrides](const auto &settings) {
               for (const auto &setting : settings) {
                   const auto equals = setting.find('=');
                   if (equals == std::string::npos || equals == 0)
                       throw Error(ErrorCode::invalid_argument,
                                   "'" + setting.substr(0, 80) + "' is not KEY=VALUE", "--set",
                                   "write it like --set optimizer.rate=0.001");
                   overrides[setting.substr(0, equals)] = unquoted(setting.substr(equals + 1));
               }
           },
           "KEY=VALUE: any key of the recipe; may be repeated")
        ->type_name("KEY=VALUE")
        ->group(group);
}

} // namespace

std::filesystem::path run_folder(const RunCommand &command) {
    return command.folder.empty() ? std::filesystem::path(command.output.string() + ".run") : command.folder;
}

void add_run_options(CLI::App &sub, RunCommand &command, std::span<const Shortcut> shortcuts,
                     const std::vector<RecipeKey> &keys) {
    sub.add_option("--recipe", command.recipe,
                   "Recipe: a TOML file, or the name of one that comes along, such as small/denoiser-fast")
        ->capture_default_str();
    sub.add_option("-o,--output", command.output, "Bundle to write")->required();
    sub.add_option("--run", command.folder, "Folder for checkpoint, log and curves [OUTPUT.run]");
    sub.add_option("--device", command.device, "cpu, cuda or cuda:N")->capture_default_str();
    sub.add_option("--threads", command.threads, "Threads of the kernels [all]")
        ->check(CLI::NonNegativeNumber);
    sub.add_option("--loader-threads", command.loader_threads, "Threads that prepare batches")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    sub.add_flag("--restart", command.restart, "Discard the run's checkpoint");
    sub.add_option("--licence", command.licence, "Licence of the bundle, for its manifest")
        ->check(CLI::Validator(no_text, ""));
    add_overrides(sub, command.overrides, shortcuts, keys);
}

Recipe recipe_of(const RunCommand &command, std::span<const RecipeKey> keys) {
    auto recipe = Recipe::load_or_defaults(command.recipe);
    apply(recipe, command.overrides, keys);
    return recipe;
}

void fit_batch(std::int64_t &batch, std::int64_t pictures, std::int64_t processes) {
    const auto fitting = pictures - pictures % processes;
    if (batch <= pictures || fitting == 0) return;
    log_info("a batch of " + std::to_string(batch) + " is more than the " + std::to_string(pictures) +
             " pictures: it becomes one of " + std::to_string(fitting));
    batch = fitting;
}

std::vector<std::string> words_of(const RunCommand &command, const std::string &task,
                                  const std::vector<std::pair<std::string, std::string>> &own,
                                  std::span<const Shortcut> shortcuts) {
    std::vector<std::string> out{"mirra-train", task};
    const auto add = [&](const std::string &flag, const std::string &value) {
        if (!value.empty()) out.insert(out.end(), {flag, value});
    };
    for (const auto &[flag, value] : own) add(flag, value);
    add("--recipe", command.recipe.string());
    for (const auto &[key, value] : command.overrides) {
        const auto shortcut = std::ranges::find(shortcuts, key, &Shortcut::key);
        if (shortcut != shortcuts.end())
            add(std::string(shortcut->flag), value);
        else
            add("--set", key + "=" + value);
    }
    add("--device", command.device);
    const RunCommand defaults;
    if (command.threads != defaults.threads) add("--threads", std::to_string(command.threads));
    if (command.loader_threads != defaults.loader_threads)
        add("--loader-threads", std::to_string(command.loader_threads));
    add("--licence", command.licence);
    add("--run", command.folder.string());
    add("-o", command.output.string());
    return out;
}

namespace {

std::string started(const std::filesystem::path &folder, bool resumed) {
    try {
        if (const auto before = resumed ? read_run_record(folder) : std::nullopt; before)
            return before->started;
    } catch (const Error &) { // a damaged record is replaced, whatever it said
        return utc_now();
    }
    return utc_now();
}

} // namespace

void record_run(const RunCommand &command, const TrainingFacts &facts, const RunStart &start) {
    const auto folder = run_folder(command);
    RunRecord record;
    record.command = shell_line(start.words);
    record.directory = std::filesystem::current_path();
    record.data = facts.data;
    record.validation = start.validation;
    record.output = command.output;
    record.recipe = command.recipe.string();
    record.recipe_text = facts.recipe->source();
    record.seed = facts.seed;
    record.device = command.device;
    record.precision = start.bf16 ? "bf16" : "fp32";
    record.processes = facts.processes;
    record.pictures = facts.pictures;
    record.validation_pictures = start.validation_pictures;
    record.epochs = start.epochs;
    record.epochs_before = start.epochs_before;
    record.started = started(folder, start.resumed);
    record.trainer = MIRRA_TRAINER_VERSION;
    record.libtorch = TORCH_VERSION;
    write_run_record(folder, record);
}

void record_skipped(const RunCommand &command, std::int64_t skipped) {
    const auto folder = run_folder(command);
    try {
        auto record = read_run_record(folder);
        if (!record) return;
        record->skipped = skipped;
        write_run_record(folder, *record);
    } catch (
        const Error &error) { // the bundle is written: a record that another program changed does no harm
        log_warning(error.subject() + ": " + error.what() + "; " + error.hint());
    }
}

int run(TrainingTask &task, const RunCommand &command) {
    return exit_status(run_training(task, {.folder = run_folder(command), .restart = command.restart}));
}

} // namespace mirra::trainer
