// mirra-train: trains, imports and evaluates weight bundles.
#include "data/overlap.hpp"
#include "data/picture_files.hpp"
#include "eval/evaluation.hpp"
#include "eval/loader_speed.hpp"
#include "eval/robustness.hpp"
#include "export/onnx.hpp"
#include "import/import.hpp"
#include "mirra/error.hpp"
#include "mirra/printable.hpp"
#include "report/training_report.hpp"
#include "tasks/bundle.hpp"
#include "tasks/command.hpp"

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <limits>
#include <set>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace {

constexpr int kFailure = 1;

void report(const mirra::Error &error) {
    std::string text = std::string("mirra-train: ") + error.what();
    if (!error.subject().empty()) text += " (" + error.subject() + ")";
    if (!error.hint().empty()) text += ". Hint: " + error.hint();
    std::fprintf(stderr, "%s\n", mirra::printable(text).c_str());
}

/// CLI11 ends the range of a number without an upper bound with the largest double, in all its 309 digits.
std::string usage_message(const CLI::App *app, const CLI::Error &error) {
    std::string text = CLI::FailureMessage::simple(app, error);
    const auto unbounded =
        " in range " + std::to_string(0.0) + " to " + std::to_string(std::numeric_limits<double>::max());
    const auto at = text.find(unbounded);
    return "mirra-train: " + mirra::printable_lines(at == std::string::npos
                                                        ? text
                                                        : text.replace(at, unbounded.size(), " accepted"));
}

std::string not_finite(const std::string &text) {
    double value = 0;
    const bool number = CLI::detail::lexical_cast(text, value);
    return number && !std::isfinite(value) ? "'" + text + "' is no finite number" : std::string();
}

const std::set<std::string> kWithoutPictures{"bundle", "export", "import", "recipe"};

/// What is the same for all commands: real numbers are finite, and those that read pictures have
/// --max-pixels.
void complete(CLI::App &app) {
    for (auto *option : app.get_options())
        if (option->get_type_name().starts_with("FLOAT")) option->check(CLI::Validator(not_finite, ""));
    bool has_commands = false;
    for (auto *sub : app.get_subcommands([](CLI::App *) { return true; })) {
        complete(*sub);
        has_commands |= !sub->get_name().empty();
    }
    const bool is_group = app.get_name().empty(); // of options, and the program itself
    if (is_group || has_commands || kWithoutPictures.contains(app.get_name())) return;
    constexpr auto kMost = std::uint64_t{1} << 62;
    app.add_option_function<std::uint64_t>("--max-pixels", mirra::trainer::limit_pictures,
                                           "Larger pictures are refused (268435456)")
        ->check(CLI::Range(std::uint64_t{1}, kMost).description(""));
}

/// A standard descriptor that the caller closed would be given to the first file that is opened. It is taken,
/// in the direction in which using it fails.
void open_standard_descriptors() {
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor)
        if (fcntl(descriptor, F_GETFD) < 0)
            static_cast<void>(open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

int run(int argc, char **argv) {
    int status = 0;
    CLI::App app("Trains, imports and evaluates Mirra's weight bundles");
    app.set_version_flag("--version", MIRRA_TRAINER_VERSION);
    app.require_subcommand(1);
    app.failure_message(usage_message);
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
    complete(app);
    CLI11_PARSE(app, argc, argv);
    return status;
}

} // namespace

int main(int argc, char **argv) {
    open_standard_descriptors();
    try {
        return run(argc, argv);
    } catch (const mirra::Error &error) {
        report(error);
    } catch (const std::exception &error) {
        std::fprintf(stderr, "mirra-train: %s\n", mirra::printable(error.what()).c_str());
    }
    return kFailure;
}
