// The paper's tables of inversion on any pictures and bundles.
#include "eval/inversion_command.hpp"

#include "eval/comparison.hpp"
#include "eval/inversion_report.hpp"
#include "eval/manifest_rewrite.hpp"
#include "eval/outputs.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "report/line_plot.hpp"
#include "runtime/torch/libtorch.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <memory>

namespace mirra::trainer {
namespace {

bool robust(const InversionRow &row) {
    return row.inverter.epsilon.value_or(0) > 0;
}

std::optional<PaperFigure> beside_inversion(const InversionRow &row) {
    return paper_inversion(row.inverter.architecture, row.inverter.loss, robust(row));
}
std::optional<PaperFigure> beside_scale(const InversionRow &row) {
    return paper_scale(row.inverter.architecture, row.scale, robust(row));
}
std::optional<PaperFigure> beside_highres(const InversionRow &row) {
    return paper_highres(row.inverter.architecture, robust(row));
}
std::optional<PaperFigure> beside_radius(const InversionRow &row) {
    const auto &[name, architecture, layer, loss, norm, epsilon, extent] = row.inverter;
    if (!epsilon || (*epsilon > 0 && norm != "l2")) return std::nullopt;
    return paper_radius(architecture, *epsilon);
}

/// Fails before the work if what is to be written could not be.
void check_outputs(const InversionEvaluation &settings) {
    require_writable({settings.csv}, {settings.sheet, settings.plot});
    if (settings.record)
        for (const auto &path : settings.bundles) check_rewritable(*bundle::Bundle::open(path), path);
}

LinePlot plot_over_scale(const std::vector<InversionRow> &rows) {
    LinePlot plot{.title = "Reconstruction of enlarged pictures",
                  .x_label = "scale L",
                  .y_label = "PSNR, dB",
                  .series = {}};
    std::map<std::string, PlotSeries> series;
    for (const auto &row : rows) {
        auto &line = series[row.bundle.string()];
        line.name = row.inverter.name;
        line.points.push_back({static_cast<double>(row.scale), row.similarity.psnr.mean()});
    }
    for (auto &[name, line] : series) plot.series.push_back(std::move(line));
    return plot;
}

LinePlot plot_over_radius(const std::vector<InversionRow> &rows) {
    LinePlot plot{.title = "Reconstruction over the radius of the encoder's training",
                  .x_label = "epsilon (0: standard)",
                  .y_label = "PSNR, dB",
                  .series = {{.name = "ours", .points = {}, .dotted = true},
                             {.name = "paper", .points = {}, .dotted = true}}};
    for (const auto &row : rows) {
        if (!row.inverter.epsilon) continue;
        plot.series[0].points.push_back({*row.inverter.epsilon, row.similarity.psnr.mean()});
        if (const auto figure = beside_radius(row))
            plot.series[1].points.push_back({*row.inverter.epsilon, figure->psnr});
    }
    for (auto &series : plot.series) std::ranges::sort(series.points, {}, &PlotPoint::x);
    std::erase_if(plot.series, [](const PlotSeries &each) { return each.points.empty(); });
    return plot;
}

using Plotter = LinePlot (*)(const std::vector<InversionRow> &);

int evaluate(const InversionEvaluation &settings, const PaperLookup &paper, Plotter plotter) {
    if (settings.threads > 0) torch::set_num_threads(settings.threads);
    check_outputs(settings);
    print_inversion_header();
    const auto result =
        evaluate_inversion(settings, [&](const InversionRow &row) { print_inversion_row(row, paper); });
    if (!settings.csv.empty()) {
        write_file(settings.csv, inversion_csv(result.rows, paper));
    }
    if (!settings.sheet.empty()) write_sheet(settings.sheet, result.sheet);
    if (!settings.plot.empty() && plotter != nullptr) write_line_plot(settings.plot, plotter(result.rows));
    if (settings.record) record_inversion(settings, result);
    if (settings.lpips.empty()) log_info("LPIPS is left out: its published weights were not given (--lpips)");
    for (const auto &file : result.skipped) log_warning("skipped " + file);
    return result.skipped.empty() ? 0 : 1;
}

void add_common(CLI::App &sub, InversionEvaluation &settings) {
    sub.add_option("--bundle", settings.bundles, "Inverter bundles, compared on the same pictures")
        ->required();
    sub.add_option(
           "--data", settings.data,
           "Folders of pictures, at any depth (their val/ or test/ where there is one), or cifar10:DIR")
        ->required();
    sub.add_option("--count", settings.count, "Pictures at most, evenly spaced over the set [all]")
        ->check(CLI::PositiveNumber);
    sub.add_option("--precision", settings.precision)
        ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
        ->capture_default_str();
    sub.add_option("--device", settings.device, "cpu or cuda:N")->capture_default_str();
    sub.add_option("--threads", settings.threads, "Threads of the kernels [all]");
    sub.add_option("--csv", settings.csv, "Also write the table as CSV");
    sub.add_option("--sheet", settings.sheet, "Write a sheet of some of the pictures (PNG)");
    sub.add_option("--sheet-rows", settings.sheet_rows, "Pictures of the sheet")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    sub.add_option("--lpips", settings.lpips,
                   "Bundle of `mirra-train import --arch lpips-alex|lpips-vgg` [LPIPS is left out]");
    sub.add_flag("--record", settings.record, "Put the figures into the bundles' manifests");
}

void add_extent(CLI::App &sub, InversionEvaluation &settings) {
    sub.add_option("--extent", settings.extent, "Pixels that pictures are resized to [those of the training]")
        ->check(CLI::Range(8, 4096));
}

struct Protocol {
    const char *name, *doc;
    PaperLookup paper;
    Plotter plotter;
    void (*declare)(CLI::App &, InversionEvaluation &);
};

void declare_scale(CLI::App &sub, InversionEvaluation &settings) {
    add_extent(sub, settings);
    settings.scales = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    sub.add_option("--scales", settings.scales, "Factors L of the extent")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    sub.add_option("--plot", settings.plot, "Write PSNR over the scale (PNG)");
}

void declare_radius(CLI::App &sub, InversionEvaluation &settings) {
    add_extent(sub, settings);
    sub.add_option("--plot", settings.plot, "Write PSNR over epsilon (PNG)");
}

void declare_highres(CLI::App &, InversionEvaluation &settings) {
    settings.native = true;
}

} // namespace

void add_inversion_evaluations(CLI::App &eval, int &status) {
    const Protocol protocols[]{
        {"inversion", "PSNR and SSIM of inverters (Tables 1 to 3)", beside_inversion, nullptr, add_extent},
        {"scale", "The same on pictures enlarged L times (Tables 5 and A1)", beside_scale, plot_over_scale,
         declare_scale},
        {"highres", "The same on pictures of their own size, in tiles (Table 6)", beside_highres, nullptr,
         declare_highres},
        {"robustness-curve", "The same over the radius of the encoder's training (Tables 4 and A2)",
         beside_radius, plot_over_radius, declare_radius},
    };
    for (const auto &protocol : protocols) {
        auto *sub = eval.add_subcommand(protocol.name, protocol.doc);
        const auto settings = std::make_shared<InversionEvaluation>();
        add_common(*sub, *settings);
        protocol.declare(*sub, *settings);
        sub->callback([settings, paper = protocol.paper, plotter = protocol.plotter, &status] {
            status = evaluate(*settings, paper, plotter);
        });
    }
    add_comparison(eval, status);
}

} // namespace mirra::trainer
