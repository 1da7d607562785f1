// The common options.
#include "tasks/run_command.hpp"

#include "core/training_run.hpp"
#include "mirra/printable.hpp"

#include <CLI/CLI.hpp>

namespace mirra::trainer {
namespace {

/// What a manifest cannot hold would be found out only when the bundle is written.
std::string no_text(const std::string &text) {
    constexpr std::size_t kMost = 1000;
    if (text.size() > kMost) return "the text has more than " + std::to_string(kMost) + " bytes";
    return printable(text) == text ? "" : "the text is not one line of UTF-8";
}

} // namespace

std::filesystem::path run_folder(const RunCommand &command) {
    return command.folder.empty() ? std::filesystem::path(command.output.string() + ".run") : command.folder;
}

void add_run_options(CLI::App &sub, RunCommand &command) {
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
}

int run(TrainingTask &task, const RunCommand &command) {
    return exit_status(run_training(task, {.folder = run_folder(command), .restart = command.restart}));
}

} // namespace mirra::trainer
