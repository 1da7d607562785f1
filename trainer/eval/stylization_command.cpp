// The subcommand.
#include "eval/stylization_command.hpp"

#include "eval/interruptible.hpp"
#include "eval/outputs.hpp"
#include "eval/stylization_report.hpp"
#include "log/log.hpp"
#include "mirra/file.hpp"
#include "runtime/torch/libtorch.hpp"

#include "mirra/printable.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

namespace mirra::trainer {
namespace {

constexpr int kInterrupted = 130, kSkipped = 1;

/// Fails before the work if what is to be written could not be.
void check_outputs(const StylizationEvaluation &settings) {
    require_writable({settings.csv}, {settings.sheet, settings.comparison});
}

void write_table(const StylizationEvaluation &settings, const StylizationResult &result) {
    if (settings.csv.empty()) return;
    write_file(settings.csv, stylization_csv(settings, result));
}

void write_sheets(const StylizationEvaluation &settings, const StylizationResult &result) {
    std::vector<std::string> names;
    for (std::size_t r = 0; r < result.rows.size(); ++r) {
        const auto &[name, levels] = std::pair(result.rows[r].name, result.rows[r].levels);
        names.push_back(name + " " + levels);
        if (settings.sheet.empty()) continue;
        const bool alone = result.rows.size() == 1;
        write_sheet(alone ? settings.sheet : sheet_of(settings.sheet, name, levels), result.sheet.grid(r));
    }
    if (!settings.comparison.empty()) write_sheet(settings.comparison, result.sheet.comparison(names));
}

void add_pictures(CLI::App &sub, StylizationEvaluation &settings) {
    sub.add_option("--content", settings.contents,
                   "Folders of contents, at any depth (their val/ or test/ where there is one)")
        ->required();
    sub.add_option("--styles", settings.styles, "Folders of styles, likewise")->required();
    sub.add_option("--extent", settings.extent,
                   "Pixels that contents and styles are resized to, the aspect not kept; 0: their own size")
        ->check(CLI::Range(0, 4096))
        ->capture_default_str();
    sub.add_option("--count", settings.count, "Contents at most, evenly spaced over the folders [all]")
        ->check(CLI::PositiveNumber);
    sub.add_option("--style-count", settings.style_count, "Styles at most, likewise [all]")
        ->check(CLI::PositiveNumber);
    sub.add_option("--seed", settings.seed, "Moves the choice of both")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
}

void add_stylizers(CLI::App &sub, StylizationEvaluation &settings) {
    sub.add_option("--bundle", settings.bundles,
                   "Bundles of mirra-train stylizer, compared on the same pairs")
        ->required();
    sub.add_option("--levels", settings.levels,
                   "Lists of levels in the order of their application, such as conv5,conv2,conv1 "
                   "conv2:0.5,conv1 [each bundle's own]");
    sub.add_option("--orders", settings.orders,
                   "Apply each list coarse-to-fine, fine-to-coarse or, both given, both ways [as it stands]")
        ->check(CLI::IsMember({"coarse-to-fine", "fine-to-coarse"}))
        ->delimiter(',');
    sub.add_option("--strength", settings.strength, "Strength of all levels")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    sub.add_option("--vgg19", settings.vgg19,
                   "Published weights of torchvision's vgg19 (.pth, .safetensors, .mirra): Gram loss over "
                   "them as in the paper [left out]");
    sub.add_option("--layers-of", settings.layers_of,
                   "Bundles over whose encoders the Gram loss is taken, a column each [those of --bundle]");
    sub.add_option("--precision", settings.precision)
        ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
        ->capture_default_str();
    sub.add_option("--device", settings.device, "cpu or cuda:N")->capture_default_str();
    sub.add_option("--threads", settings.threads, "Threads of the kernels [all]");
}

void add_outputs(CLI::App &sub, StylizationEvaluation &settings) {
    sub.add_option("--csv", settings.csv, "Also write the table as CSV, the layers as well");
    sub.add_option("--sheet", settings.sheet,
                   "Write a sheet a row of the table (PNG): contents below each other, styles side by side");
    sub.add_option("--comparison", settings.comparison,
                   "Write a sheet of content, style and every row's result side by side (PNG)");
    sub.add_option("--sheet-count", settings.sheet_count, "Contents and styles of the sheets at most")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
}

} // namespace

int run_stylization_evaluation(const StylizationEvaluation &evaluation) {
    if (evaluation.threads > 0) torch::set_num_threads(evaluation.threads);
    check_outputs(evaluation);
    try {
        const auto result = evaluate_stylization(evaluation);
        std::fputs(printable_lines(stylization_table(evaluation, result)).c_str(), stdout);
        std::fflush(stdout);
        write_table(evaluation, result);
        write_sheets(evaluation, result);
        if (evaluation.vgg19.empty())
            log_info("Gram loss over VGG-19 is left out: its published weights were not given (--vgg19)");
        for (const auto &file : result.skipped) log_warning("skipped " + file);
        return result.skipped.empty() ? 0 : kSkipped;
    } catch (const Interrupted &) {
        log_info("interrupted; nothing is written");
        return kInterrupted;
    }
}

void add_stylization_evaluation(CLI::App &eval, int &status) {
    auto *sub = eval.add_subcommand("stylization", "Gram loss and SSIM of stylizers (Table 9)");
    const auto settings = std::make_shared<StylizationEvaluation>();
    add_pictures(*sub, *settings);
    add_stylizers(*sub, *settings);
    add_outputs(*sub, *settings);
    sub->callback([settings, &status] { status = run_stylization_evaluation(*settings); });
}

} // namespace mirra::trainer
