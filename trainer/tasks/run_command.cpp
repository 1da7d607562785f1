// The common options.
#include "tasks/run_command.hpp"

#include "core/training_run.hpp"

#include <CLI/CLI.hpp>

namespace mirra::trainer {

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
    sub.add_option("--licence", command.licence, "Licence of the bundle, for its manifest");
}

int run(TrainingTask &task, const RunCommand &command) {
    return exit_status(run_training(task, {.folder = run_folder(command), .restart = command.restart}));
}

} // namespace mirra::trainer
