// The command line back from its settings.
#include "tasks/encoder_record.hpp"

#include "core/utc.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"

#include <torch/version.h>

#include <concepts>

namespace mirra::trainer {
namespace {

std::string text_of(const std::string &value) {
    return value;
}

std::string text_of(double value) {
    return shortest(value);
}

template<std::integral Number> std::string text_of(Number value) {
    return std::to_string(value);
}

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

std::vector<std::string> words_of(const EncoderCommand &command) {
    std::vector<std::string> out{"mirra-train", "encoder"};
    const auto add = [&](const char *flag, const std::string &value) {
        if (!value.empty()) out.insert(out.end(), {flag, value});
    };
    const auto add_set = [&](const char *flag, const auto &value) {
        if (value) add(flag, text_of(*value));
    };
    for (const auto &source : command.data) add("--data", source);
    for (const auto &source : command.validation) add("--validation", source);
    add("--recipe", command.recipe.string());
    add("--init", command.init.string());
    add_set("--arch", command.architecture);
    add_set("--width", command.width);
    add_set("--adversary", command.adversary);
    add_set("--norm", command.norm);
    add_set("--eps", command.epsilon);
    add_set("--steps", command.attack_steps);
    add_set("--step-size", command.step_size);
    add_set("--epochs", command.epochs);
    add_set("--seed", command.seed);
    add("--device", command.device);
    const EncoderCommand defaults;
    if (command.threads != defaults.threads) add("--threads", text_of(command.threads));
    if (command.loader_threads != defaults.loader_threads)
        add("--loader-threads", text_of(command.loader_threads));
    add("--licence", command.licence);
    add("--run", command.folder.string());
    add("-o", command.output.string());
    return out;
}

void record_encoder_run(const EncoderCommand &command, const Recipe &recipe, const EncoderRecipe &settings,
                        const EncoderRun &run) {
    const auto folder = run_folder(command);
    RunRecord record;
    record.command = shell_line(words_of(command));
    record.directory = std::filesystem::current_path();
    record.data = command.data;
    record.validation = command.validation;
    record.output = command.output;
    record.recipe = command.recipe.string();
    record.recipe_text = recipe.source();
    record.seed = settings.seed;
    record.device = command.device;
    record.precision = run.bf16 ? "bf16" : "fp32";
    record.processes = run.processes;
    record.pictures = run.pictures;
    record.validation_pictures = run.validation_pictures;
    record.started = started(folder, run.resumed);
    record.trainer = MIRRA_TRAINER_VERSION;
    record.libtorch = TORCH_VERSION;
    write_run_record(folder, record);
}

void record_skipped(const EncoderCommand &command, std::int64_t skipped) {
    const auto folder = run_folder(command);
    auto record = read_run_record(folder);
    if (!record) return;
    record->skipped = skipped;
    write_run_record(folder, *record);
}

} // namespace mirra::trainer
