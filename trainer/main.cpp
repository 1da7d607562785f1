// mirra-train: trains, imports and evaluates weight bundles.
#include "core/command_line.hpp"
#include "data/overlap.hpp"
#include "eval/evaluation.hpp"
#include "eval/loader_speed.hpp"
#include "eval/robustness.hpp"
#include "export/onnx.hpp"
#include "import/import.hpp"
#include "mirra/error.hpp"
#include "mirra/printable.hpp"
#include "mirra/shortened.hpp"
#include "report/training_report.hpp"
#include "tasks/bundle.hpp"
#include "tasks/command.hpp"

#include <CLI/CLI.hpp>
#include <c10/util/Exception.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace {

constexpr int kFailure = 1, kUsage = 2;

/// What files hold is quoted in messages, however long it is.
std::string shown(const std::string &text) {
    constexpr std::size_t kMost = 4200; // a name of a file stays whole
    return mirra::printable(mirra::shortened(text, kMost));
}

void report(const mirra::Error &error) {
    std::string text = "mirra-train: " + shown(error.what());
    if (!error.subject().empty()) text += " (" + shown(error.subject()) + ")";
    if (!error.hint().empty()) text += ". Hint: " + shown(error.hint());
    std::fprintf(stderr, "%s\n", text.c_str());
}

/// Of LibTorch's errors the first line, without the stack: people need what went wrong.
std::string told(const c10::Error &error) {
    const std::string text = error.what_without_backtrace();
    if (dynamic_cast<const c10::OutOfMemoryError *>(&error) != nullptr ||
        text.find("allocate memory") != std::string::npos)
        return "there is not enough memory. Hint: lower the batch or the extent (of the recipe, or --batch "
               "and "
               "--extent), or take a narrower network";
    return text.substr(0, text.find('\n'));
}

/// What was printed is lost where the standard output is full or gone; no command may end well then.
bool lost_output() {
    std::cout.flush();
    return std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout.good();
}

/// A standard descriptor that the caller closed would be given to the first file that is opened. It is taken,
/// in the direction in which using it fails.
void open_standard_descriptors() {
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor)
        if (fcntl(descriptor, F_GETFD) < 0)
            static_cast<void>(open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

bool has_command(const CLI::App &app, const std::string &name) {
    const auto named = [&](const CLI::App *sub) { return sub->get_name() == name; };
    return !app.get_subcommands(named).empty();
}

int run(int argc, char **argv) {
    int status = 0;
    CLI::App app("Trains, imports and evaluates Mirra's weight bundles");
    app.set_version_flag("--version", MIRRA_TRAINER_VERSION);
    app.require_subcommand(1);
    app.failure_message(mirra::trainer::usage_message);
    mirra::trainer::add_denoiser_command(app, status);
    mirra::trainer::add_encoder_command(app, status);
    mirra::trainer::add_inverter_command(app, status);
    mirra::trainer::add_anomaly_command(app, status);
    mirra::trainer::add_stylizer_command(app, status);
    mirra::trainer::add_network_command(app, status);
    mirra::trainer::add_recipe_command(app);
    mirra::trainer::add_import_command(app);
    mirra::trainer::add_bundle_command(app);
    mirra::trainer::add_export_command(app);
    mirra::trainer::add_eval_command(app, status);
    mirra::trainer::add_attack_command(app, status);
    mirra::trainer::add_loader_command(app, status);
    mirra::trainer::add_overlap_command(app, status);
    mirra::trainer::add_report_command(app, status);
    mirra::trainer::complete(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        if (argc > 1 && argv[1][0] != '-' && !has_command(app, argv[1])) {
            std::fprintf(stderr,
                         "mirra-train: there is no command '%s'\nRun with --help for more information.\n",
                         mirra::printable(argv[1]).c_str());
            return kUsage;
        }
        return app.exit(error) == 0 ? 0 : kUsage;
    }
    return status;
}

} // namespace

int main(int argc, char **argv) {
    open_standard_descriptors();
    try {
        const int status = run(argc, argv);
        if (!lost_output()) return status;
        std::fputs("mirra-train: the standard output cannot be written\n", stderr);
        return status == 0 ? kFailure : status;
    } catch (const mirra::Error &error) {
        report(error);
    } catch (const c10::Error &error) {
        std::fprintf(stderr, "mirra-train: %s\n", shown(told(error)).c_str());
    } catch (const std::exception &error) {
        std::fprintf(stderr, "mirra-train: %s\n", shown(error.what()).c_str());
    }
    return kFailure;
}
