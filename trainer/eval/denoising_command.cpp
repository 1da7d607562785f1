// The command line of denoising evaluations.
#include "eval/denoising_command.hpp"

#include "eval/denoising.hpp"
#include "eval/denoising_plot.hpp"
#include "eval/denoising_report.hpp"
#include "eval/outputs.hpp"
#include "eval/record.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "runtime/torch/libtorch.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <memory>

namespace mirra::trainer {
namespace {

constexpr double kFullRange = 255;
constexpr double kStrongest = 100; // of non-local means, in sigmas

struct Command {
    DenoisingEvaluation evaluation;
    std::vector<double> sigmas;
    std::vector<std::string> sensors, clipping{"clipped"};
    bool unclipped = false, over_steps = false;
    std::filesystem::path plot;
    std::vector<int> corner;
};

/// "GAIN,READ".
PictureNoise sensor(const std::string &text) {
    PictureNoise out;
    const char *const end = text.data() + text.size();
    const auto gain = std::from_chars(text.data(), end, out.gain);
    const bool comma = gain.ec == std::errc() && gain.ptr != end && *gain.ptr == ',';
    const auto read = comma ? std::from_chars(gain.ptr + 1, end, out.sigma) : gain;
    const auto in_range = [](double value) { return value >= 0 && value <= kFullRange; };
    if (!comma || read.ec != std::errc() || read.ptr != end || !in_range(out.gain) || !in_range(out.sigma) ||
        out.gain == 0)
        throw Error(ErrorCode::invalid_argument, "'" + text + "' is no noise of a sensor", "--poisson",
                    "give GAIN,READ, both of 255, the gain above 0: for example 4,6");
    return out;
}

/// Fails before the work if what is to be written or drawn could not be.
void check_outputs(const Command &command) {
    const auto &settings = command.evaluation;
    require_writable({settings.csv}, {settings.sheet, command.plot});
    if (command.over_steps) check_trainings(settings.bundles);
    if (!settings.record) return;
    for (const auto &path : settings.bundles) check_writable(path);
}

int evaluate(Command &command) {
    auto &settings = command.evaluation;
    if (command.unclipped) command.clipping = {"unclipped"};
    if (command.sigmas.empty() && command.sensors.empty()) command.sigmas = {50};
    settings.noises = noises_of(command.sigmas, command.sensors, command.clipping);
    if (!command.corner.empty()) settings.sheet_corner = {command.corner.front(), command.corner.back()};
    if (settings.threads > 0) torch::set_num_threads(settings.threads);
    check_outputs(command);
    print_denoising_header();
    const auto result = evaluate_denoising(settings, print_denoising_row);
    if (!settings.csv.empty()) {
        write_file(settings.csv, denoising_csv(result.rows));
    }
    if (!settings.sheet.empty()) write_sheet(settings.sheet, result.sheet);
    if (!command.plot.empty())
        write_line_plot(command.plot,
                        command.over_steps ? plot_over_steps(result.rows) : plot_over_time(result.rows));
    if (settings.record) record_denoising(settings, result.rows);
    for (const auto &file : result.skipped) log_warning("skipped " + file);
    return result.skipped.empty() ? 0 : 1;
}

void add_noise_options(CLI::App &sub, Command &command) {
    sub.add_option("--sigma", command.sigmas,
                   "Levels of Gaussian noise, of 255 [50, unless --poisson is given]")
        ->check(CLI::Range(0.0, kFullRange));
    sub.add_option("--poisson", command.sensors,
                   "Noise of a sensor, GAIN,READ: levels per photon and read noise, of 255");
    auto *noise = sub.add_option("--noise", command.clipping,
                                 "clipped (noisy values stay in [0, 1], as in the paper), unclipped, or both")
                      ->check(CLI::IsMember({"clipped", "unclipped"}))
                      ->delimiter(',')
                      ->default_str("clipped");
    sub.add_flag("--unclipped", command.unclipped, "The same as --noise unclipped")->excludes(noise);
    sub.add_flag("--gray", command.evaluation.gray, "Turn the pictures to gray first");
    sub.add_option("--seed", command.evaluation.seed, "Seed of the noise")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
}

void add_method_options(CLI::App &sub, DenoisingEvaluation &settings) {
    settings.bundles = {"bundles/denoiser.mirra"};
    sub.add_option("--bundle", settings.bundles, "Denoiser bundles, compared on the same noisy pictures")
        ->capture_default_str();
    sub.add_flag("--known", settings.tell_sigma, "Tell the networks the noise level");
    sub.add_flag("!--alone", settings.compare, "Without OpenCV's non-local means");
    sub.add_option("--nlm-factor", settings.nlm_factor, "Strength of non-local means, in sigmas")
        ->check(CLI::Range(0.0, kStrongest))
        ->capture_default_str();
    sub.add_option("--precision", settings.precision)
        ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
        ->capture_default_str();
    sub.add_option("--device", settings.device, "cpu or cuda:N")->capture_default_str();
    sub.add_option("--threads", settings.threads, "Threads of the kernels [all]");
}

void add_output_options(CLI::App &sub, Command &command) {
    auto &settings = command.evaluation;
    sub.add_option("--csv", settings.csv, "Also write the table as CSV");
    auto *plot =
        sub.add_option("--plot", command.plot, "Write PSNR over time, a point for each method (PNG)");
    sub.add_flag("--over-steps", command.over_steps,
                 "Plot bundles over the steps of their training instead, a curve for each number of pictures")
        ->needs(plot);
    sub.add_option("--sheet", settings.sheet, "Write a sheet of the first pictures (PNG)");
    sub.add_option("--sheet-rows", settings.sheet_rows, "Pictures of the sheet")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    sub.add_option("--sheet-corner", command.corner,
                   "X,Y of the part that the sheet shows pixel by pixel [the middle]")
        ->delimiter(',')
        ->expected(2);
    sub.add_flag("--record", settings.record, "Put the figures into the bundles' manifests");
}

} // namespace

std::vector<PictureNoise> noises_of(const std::vector<double> &sigmas,
                                    const std::vector<std::string> &sensors,
                                    const std::vector<std::string> &clipping) {
    std::vector<PictureNoise> noises;
    for (const double sigma : sigmas) noises.push_back({.sigma = sigma});
    for (const auto &text : sensors) noises.push_back(sensor(text));
    std::vector<PictureNoise> out;
    for (const auto &name : clipping)
        for (auto noise : noises) {
            noise.clipped = name == "clipped";
            out.push_back(noise);
        }
    return out;
}

void add_denoising_evaluation(CLI::App &eval, int &status) {
    auto *sub = eval.add_subcommand(
        "denoising", "PSNR and SSIM of denoisers on clean pictures with synthetic noise (Table 10)");
    const auto command = std::make_shared<Command>();
    sub->add_option("--data", command->evaluation.data, "Folders of clean pictures")->required();
    sub->add_option("--count", command->evaluation.count, "Pictures per folder at most")
        ->check(CLI::PositiveNumber);
    add_method_options(*sub, command->evaluation);
    add_noise_options(*sub, *command);
    add_output_options(*sub, *command);
    sub->callback([command, &status] { status = evaluate(*command); });
}

} // namespace mirra::trainer
