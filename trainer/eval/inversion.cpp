#include "eval/inversion.hpp"

#include "core/device.hpp"
#include "core/progress.hpp"
#include "core/provenance.hpp"
#include "core/text.hpp"
#include "eval/evaluation.hpp"
#include "eval/inversion_comparison.hpp"
#include "eval/similarity.hpp"
#include "log/log.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "mirra/image.hpp"
#include "mirra/provenance.hpp"
#include "report/plot.hpp"
#include "report/table.hpp"
#include "runtime/torch/libtorch.hpp"
#include "tasks/inverter.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

namespace mirra::trainer {
namespace {

std::string caption(const std::string &name, const FloatPicture &picture, const FloatPicture &reference) {
    char text[96];
    std::snprintf(text, sizeof text, "%s %.1f dB", name.c_str(),
                  image::psnr(picture.values, reference.values));
    return text;
}

class Evaluation {
  public:
    Evaluation(const InversionEvaluation &settings, const std::function<void(const InversionRow &)> &finished)
        : settings_(settings)
        , finished_(finished)
        , pictures_(settings.data, settings.count) {
        for (const auto &path : settings.bundles) open(path);
        if (!settings.lpips.empty())
            lpips_ = std::make_unique<Lpips>(settings.lpips, select_device(settings.device));
        if (networks_.empty()) throw Error(ErrorCode::invalid_argument, "no bundle was given", "--bundle");
        extent_ = settings.native ? 0 : settings.extent > 0 ? settings.extent : networks_.front().info.extent;
        if (!settings.native && extent_ == 0)
            throw Error(ErrorCode::invalid_argument, "the bundle does not say the extent of its training",
                        settings.bundles.front().string(), "give --extent");
    }

    InversionResult run() {
        for (const auto scale : settings_.scales) run_scale(scale);
        result_.skipped = pictures_.skipped();
        return std::move(result_);
    }

  private:
    struct Network {
        InverterInfo info;
        HostTask task;
    };

    void open(const std::filesystem::path &path) {
        const auto bundle = bundle::Bundle::open(path);
        auto info = inverter_info(*bundle, path);
        networks_.push_back({std::move(info), HostTask("invert", bundle,
                                                       {.precision = settings_.precision,
                                                        .device = settings_.device,
                                                        .threads = settings_.threads})});
    }

    void run_scale(std::int64_t scale) {
        std::vector<InversionRow> rows(networks_.size() + 1);
        rows.front().inverter.name = "mean colour";
        for (std::size_t n = 0; n < networks_.size(); ++n) {
            rows[n + 1].inverter = networks_[n].info;
            rows[n + 1].bundle = settings_.bundles[n];
        }
        for (auto &row : rows) {
            row.extent = extent_;
            row.scale = scale;
        }
        Progress progress("eval scale " + std::to_string(scale), pictures_.size());
        for (std::int64_t i = 0; i < pictures_.size(); ++i) {
            if (const auto picture = pictures_.get(i, {extent_, scale})) run_picture(i, *picture, rows);
            progress.update(i + 1);
        }
        for (auto &row : rows) {
            const auto count = row.similarity.psnr.count();
            if (count == 0)
                throw Error(ErrorCode::corrupt, "none of the pictures can be read", settings_.data.front(),
                            "check the files");
            row.seconds /= static_cast<double>(count);
            if (finished_) finished_(row);
            result_.rows.push_back(row);
        }
    }

    void run_picture(std::int64_t index, const FloatPicture &picture, std::vector<InversionRow> &rows) {
        SheetRow made{{"original", picture}};
        const auto flat = mean_color(picture);
        compare(flat, picture, rows.front());
        for (std::size_t n = 0; n < networks_.size(); ++n) {
            const auto begin = std::chrono::steady_clock::now();
            auto result = networks_[n].task.run(picture);
            const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
            compare(result, picture, rows[n + 1]);
            rows[n + 1].seconds += seconds.count();
            auto text = caption(networks_[n].info.name, result, picture);
            made.push_back({std::move(text), std::move(result)});
        }
        if (settings_.sheet.empty() || !chosen(index)) return;
        if (settings_.scales.size() > 1)
            add_scale(index, std::move(made), rows.front().scale);
        else
            result_.sheet.push_back(std::move(made));
    }

    /// A row a picture and network, a column a scale (Figure 4), all reduced to the extent.
    void add_scale(std::int64_t index, SheetRow made, std::int64_t scale) {
        auto &sheet = result_.sheet;
        const auto extent = static_cast<int>(extent_);
        const auto [place, fresh] = first_rows_.try_emplace(index, sheet.size());
        for (std::size_t n = 0; n < networks_.size(); ++n) {
            if (fresh) sheet.push_back({{"original", reduced(made.front().picture, extent)}});
            auto &cell = made[n + 1];
            sheet[place->second + n].push_back(
                {cell.caption + ", L " + std::to_string(scale), reduced(cell.picture, extent)});
        }
    }

    void compare(const FloatPicture &result, const FloatPicture &picture, InversionRow &row) {
        row.similarity.add(result, picture);
        if (lpips_) row.similarity.lpips.add(lpips_->distance(result, picture));
    }

    /// Whether the picture is one of those evenly spaced over the set that the sheet shows.
    [[nodiscard]] bool chosen(std::int64_t index) const {
        const auto rows = static_cast<std::int64_t>(settings_.sheet_rows);
        const auto stride = std::max<std::int64_t>(1, pictures_.size() / std::max<std::int64_t>(1, rows));
        return index % stride == stride / 2 && index / stride < rows;
    }

    const InversionEvaluation &settings_;
    const std::function<void(const InversionRow &)> &finished_;
    EvaluationPictures pictures_;
    std::vector<Network> networks_;
    std::unique_ptr<Lpips> lpips_; ///< null: left out
    std::int64_t extent_ = 0;
    std::map<std::int64_t, std::size_t> first_rows_; ///< of a picture in the sheet of several scales
    InversionResult result_;
};

} // namespace

InverterInfo inverter_info(const bundle::Bundle &bundle, const std::filesystem::path &path) {
    const auto &manifest = bundle.manifest();
    InverterInfo info{.name = path.stem().string(),
                      .architecture = manifest.architecture,
                      .layer = inverted_layer(bundle),
                      .loss = {},
                      .norm = {},
                      .epsilon = {},
                      .extent = 0};
    const auto provenance = bundle::parse_provenance(manifest);
    for (const auto *key : {"loss", "extent", "encoder"})
        if (std::ranges::count(provenance.damaged, key) > 0)
            throw Error(ErrorCode::corrupt, std::string("the manifest's provenance is damaged: ") + key,
                        path.string(), "train the bundle anew");
    info.loss = provenance.loss;
    info.extent = provenance.extent.value_or(0);
    if (provenance.encoder && provenance.encoder->adversary) {
        info.norm = provenance.encoder->adversary->norm;
        info.epsilon = provenance.encoder->adversary->epsilon;
    }
    return info;
}

FloatPicture mean_color(const FloatPicture &picture) {
    std::array<double, 3> sum{};
    for (std::size_t i = 0; i < picture.values.size(); ++i) sum[i % 3] += picture.values[i];
    const double count = static_cast<double>(picture.values.size()) / 3;
    FloatPicture out = picture;
    for (std::size_t i = 0; i < out.values.size(); ++i)
        out.values[i] = static_cast<float>(sum[i % 3] / count);
    return out;
}

InversionResult evaluate_inversion(const InversionEvaluation &evaluation,
                                   const std::function<void(const InversionRow &)> &finished) {
    return Evaluation(evaluation, finished).run();
}

namespace {

std::string beside(const InversionRow &row, const std::optional<PaperFigure> &paper) {
    const auto &lpips = row.similarity.lpips;
    std::string text;
    if (lpips.count() > 0) text = formatted("LPIPS %.4f (%.3f)", lpips.mean(), lpips.deviation());
    if (!paper) return text;
    text += (text.empty() ? "" : "  ") + formatted("%.2f dB", paper->psnr);
    if (paper->ssim > 0) text += formatted(", %.3f", paper->ssim);
    return text + formatted(" (Table %s)", paper->table);
}

bool same_measurement(const Quality &a, const Quality &b) {
    return std::ranges::all_of(
        std::array{"measure", "data", "extent", "scale", "precision"},
        [&](const char *key) { return a.value(key, Quality()) == b.value(key, Quality()); });
}

} // namespace

std::vector<Column> similarity_columns() {
    return {{.name = "psnr",
             .digits = places(4),
             .shown = {.head = "PSNR (std) dB", .width = 9, .digits = places(3)},
             .recorded = {"psnr"}},
            {.name = "psnr_std",
             .digits = places(4),
             .shown = {.width = 4, .digits = places(2), .in_brackets = true},
             .recorded = {"psnr_deviation"}},
            {.name = "ssim",
             .digits = places(5),
             .shown = {.head = "SSIM (std)", .width = 7, .digits = places(4)},
             .recorded = {"ssim"}},
            {.name = "ssim_std",
             .digits = places(5),
             .shown = {.width = 5, .digits = places(3), .in_brackets = true},
             .recorded = {"ssim_deviation"}}};
}

Table inversion_table() {
    std::vector<Column> columns{
        {.name = "bundle", .shown = {.head = "bundle", .width = -26}},
        {.name = "architecture"},
        {.name = "layer", .shown = {.head = "layer", .width = -9}},
        {.name = "loss", .shown = {.head = "loss", .width = -12}},
        {.name = "norm"},
        {.name = "epsilon"},
        {.shown = {.head = "eps", .width = -7}},
        {.recorded = {"measure"}},
        {.recorded = {"data"}},
        {.recorded = {"extent"}},
        {.name = "scale", .shown = {.head = "scale", .width = 5}, .recorded = {"scale"}},
        {.name = "count", .shown = {.head = "count", .width = 6}, .recorded = {"count"}}};
    for (auto &column : similarity_columns()) columns.push_back(std::move(column));
    for (Column column : {Column{.name = "lpips", .digits = places(5)},
                          {.name = "lpips_std", .digits = places(5)},
                          {.name = "seconds_per_picture",
                           .digits = places(5),
                           .shown = {.head = "s/picture", .width = 9, .digits = places(4)}},
                          {.recorded = {"precision"}},
                          {.shown = {.head = "paper", .gap = 2}},
                          {.name = "paper_table"},
                          {.name = "paper_psnr"},
                          {.name = "paper_ssim"}})
        columns.push_back(std::move(column));
    return Table(std::move(columns));
}

void add_row(Table &table, const InversionEvaluation &evaluation, const InversionRow &row,
             const std::optional<PaperFigure> &paper) {
    const auto &info = row.inverter;
    const auto &[psnr, ssim, lpips] = row.similarity;
    std::vector<std::string> data;
    for (const auto &source : evaluation.data) data.push_back(data_name(source));
    Cells cells{info.name,
                info.architecture,
                info.layer,
                info.loss,
                info.norm,
                info.epsilon ? Cell(*info.epsilon) : Cell(),
                radius_text(info.norm, info.epsilon),
                "inversion",
                joined(data),
                row.extent,
                row.scale,
                psnr.count()};
    for (Cell cell :
         {Cell(psnr.mean()), Cell(psnr.deviation()), Cell(ssim.mean()), Cell(ssim.deviation()),
          lpips.count() > 0 ? Cell(lpips.mean()) : Cell(),
          lpips.count() > 0 ? Cell(lpips.deviation()) : Cell(), Cell(row.seconds), Cell(evaluation.precision),
          Cell(beside(row, paper)), paper ? Cell(paper->table) : Cell(), paper ? Cell(paper->psnr) : Cell(),
          paper ? Cell(paper->ssim) : Cell()})
        cells.push_back(std::move(cell));
    table.add(std::move(cells));
}

void record_inversion(const InversionEvaluation &evaluation, const InversionResult &result) {
    for (const auto &path : evaluation.bundles) {
        const auto bundle = bundle::Bundle::open(path);
        auto manifest = bundle->manifest();
        auto table = inversion_table();
        for (const auto &row : result.rows)
            if (row.bundle == path) add_row(table, evaluation, row, std::nullopt);
        manifest.quality = merged_quality(manifest.quality, table.entries(), same_measurement);
        rewrite_manifest(*bundle, manifest, path);
    }
}

namespace {

/// The paper's figure that belongs beside a row, if there is one.
using PaperLookup = std::function<std::optional<PaperFigure>(const InversionRow &)>;

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
    require_writable(settings.csv, {settings.plot}, {settings.sheet});
    if (settings.record)
        for (const auto &path : settings.bundles) check_rewritable(*bundle::Bundle::open(path), path);
}

Plot plot_over_scale(const std::vector<InversionRow> &rows) {
    Plot plot{.title = "Reconstruction of enlarged pictures",
              .x_label = "scale L",
              .y_label = "PSNR, dB",
              .series = {}};
    std::map<std::string, PlotSeries> series;
    for (const auto &row : rows) {
        auto &line = series[row.bundle.string()];
        line.name = row.inverter.name;
        line.dotted = true;
        line.points.push_back({static_cast<double>(row.scale), row.similarity.psnr.mean()});
    }
    for (auto &[name, line] : series) plot.series.push_back(std::move(line));
    return plot;
}

Plot plot_over_radius(const std::vector<InversionRow> &rows) {
    Plot plot{.title = "Reconstruction over the radius of the encoder's training",
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

/// Every inverter with the first one of the same scale.
std::string comparisons(const std::vector<InversionRow> &rows) {
    std::string lines;
    const InversionRow *first = nullptr;
    for (const auto &row : rows) {
        if (row.bundle.empty()) {
            first = nullptr; // a scale begins with the mean colour
        } else if (first == nullptr) {
            first = &row;
        } else {
            lines += paired_line("scale " + std::to_string(row.scale) + ", " + row.inverter.name + " less " +
                                     first->inverter.name,
                                 differences(row.similarity.psnr, first->similarity.psnr), " dB", "pictures");
        }
    }
    return lines;
}

using Plotter = Plot (*)(const std::vector<InversionRow> &);

int evaluate(const InversionEvaluation &settings, const PaperLookup &paper, Plotter plotter) {
    if (settings.threads > 0) torch::set_num_threads(settings.threads);
    check_outputs(settings);
    auto table = inversion_table();
    print(table.head());
    const auto result = evaluate_inversion(settings, [&](const InversionRow &row) {
        add_row(table, settings, row, paper(row));
        print(table.line());
    });
    print(comparisons(result.rows));
    if (!settings.csv.empty()) write_file(settings.csv, table.csv());
    if (!settings.sheet.empty()) write_sheet(settings.sheet, result.sheet);
    if (!settings.plot.empty() && plotter != nullptr) write_plots(settings.plot, {plotter(result.rows)});
    if (settings.record) record_inversion(settings, result);
    if (settings.lpips.empty()) log_info("LPIPS is left out: its published weights were not given (--lpips)");
    return finish(result.skipped);
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
    add_host_options(sub, &settings.precision, settings.device, settings.threads);
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
        ->check(CLI::Range(16, 4096)); // SSIM looks at 11 x 11 pixels
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
    sub.add_option("--plot", settings.plot, "Write PSNR over the scale (PNG or SVG)");
}

void declare_radius(CLI::App &sub, InversionEvaluation &settings) {
    add_extent(sub, settings);
    sub.add_option("--plot", settings.plot, "Write PSNR over epsilon (PNG or SVG)");
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
