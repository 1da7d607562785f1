#include "eval/denoising_results.hpp"

#include "core/device.hpp"
#include "eval/denoising.hpp"
#include "eval/evaluation.hpp"
#include "log/log.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "mirra/provenance.hpp"
#include "report/table.hpp"

#include <opencv2/core.hpp>

#include <algorithm>
#include <map>

namespace mirra::trainer {
namespace {

Cells cells_of(const DenoisingRow &row, const DenoisingEvaluation &evaluation) {
    const auto &paper = row.paper;
    return {row.data + (row.gray ? " gray" : ""),
            row.data,
            row.count,
            row.noise.sigma,
            row.noise.gain,
            row.noise.clipped,
            row.gray,
            evaluation.tell_sigma,
            static_cast<std::int64_t>(evaluation.seed),
            row.method,
            row.psnr,
            row.psnr_deviation,
            row.ssim,
            row.seconds_per_megapixel,
            evaluation.precision,
            paper ? formatted("%.2f dB, %.3f (Table %s)", paper->psnr, paper->ssim, paper->table) : "",
            paper ? Cell(paper->table) : Cell(),
            paper ? Cell(paper->psnr) : Cell(),
            paper ? Cell(paper->ssim) : Cell()};
}

struct Mean {
    std::filesystem::path bundle;
    double psnr = 0, seconds = 0, rows = 0;
};

/// Over the rows of each method: the same data and noises.
std::map<std::string, Mean> means_of(const std::vector<DenoisingRow> &rows) {
    std::map<std::string, Mean> means;
    for (const auto &row : rows) {
        auto &mean = means[row.method];
        mean.bundle = row.bundle;
        mean.psnr += row.psnr;
        mean.seconds += row.seconds_per_megapixel;
        ++mean.rows;
    }
    for (auto &[method, mean] : means) {
        mean.psnr /= mean.rows;
        mean.seconds /= mean.rows;
    }
    return means;
}

void sort_points(PlotSeries &series) {
    std::ranges::sort(series.points, {}, &PlotPoint::x);
}

struct Training {
    std::int64_t steps = 0, pictures = 0;
};

Training training_of(const std::filesystem::path &bundle) {
    const auto provenance = bundle::parse_provenance(bundle::Bundle::open(bundle)->manifest());
    const auto told = [&](const std::optional<std::int64_t> &number, const char *what) {
        if (number) return *number;
        throw Error(ErrorCode::invalid_argument,
                    std::string("cannot be placed: its manifest does not tell the training's ") + what,
                    bundle.string(), "leave it out, or plot over time");
    };
    return {told(provenance.steps, "steps"), told(provenance.pictures, "pictures")};
}

} // namespace

DenoisingTable::DenoisingTable(const DenoisingEvaluation &evaluation)
    : Table({{.shown = {.head = "data", .width = -12}},
             {.name = "data", .recorded = {"data"}},
             {.name = "count", .shown = {.head = "count", .width = 5}, .recorded = {"count"}},
             {.name = "sigma", .shown = {.head = "sigma", .width = 6}, .recorded = {"sigma"}},
             {.name = "gain", .shown = {.head = "gain", .width = 6}, .recorded = {"gain", true}},
             {.name = "clipped", .shown = {.head = "clipped", .width = 8}, .recorded = {"clipped"}},
             {.name = "gray", .recorded = {"gray", true}},
             {.recorded = {"known"}},
             {.recorded = {"seed"}},
             {.name = "method", .shown = {.head = "method", .width = -24, .gap = 2}},
             {.name = "psnr",
              .digits = places(4),
              .shown = {.head = "PSNR (std) dB", .width = 8, .digits = places(3)},
              .recorded = {"psnr"}},
             {.name = "psnr_std",
              .digits = places(4),
              .shown = {.width = 4, .digits = places(2), .in_brackets = true}},
             {.name = "ssim",
              .digits = places(5),
              .shown = {.head = "SSIM", .width = 7, .digits = places(4)},
              .recorded = {"ssim"}},
             {.name = "seconds_per_megapixel",
              .digits = places(4),
              .shown = {.head = "s/Mpx", .width = 8, .digits = places(3)}},
             {.recorded = {"precision"}},
             {.shown = {.head = "paper", .gap = 2}},
             {.name = "paper_table"},
             {.name = "paper_psnr"},
             {.name = "paper_ssim"}})
    , evaluation_(evaluation) {}

void DenoisingTable::add(const DenoisingRow &row) {
    Table::add(cells_of(row, evaluation_));
}

Plot plot_over_time(const std::vector<DenoisingRow> &rows) {
    Plot plot{.title = "Quality over time",
              .x_label = "seconds per megapixel",
              .y_label = "PSNR, dB",
              .series = {}};
    PlotSeries bundles{.name = "bundles", .points = {}, .dotted = true};
    for (const auto &[method, mean] : means_of(rows)) {
        if (!mean.bundle.empty())
            bundles.points.push_back({mean.seconds, mean.psnr});
        else if (method != kNoisyMethod)
            plot.series.push_back({.name = method, .points = {{mean.seconds, mean.psnr}}, .dotted = true});
    }
    sort_points(bundles);
    plot.series.insert(plot.series.begin(), std::move(bundles));
    return plot;
}

Plot plot_over_steps(const std::vector<DenoisingRow> &rows) {
    std::map<std::int64_t, PlotSeries> by_pictures;
    for (const auto &[method, mean] : means_of(rows)) {
        if (mean.bundle.empty()) continue;
        const auto training = training_of(mean.bundle);
        auto &series = by_pictures[training.pictures];
        series.name = std::to_string(training.pictures) + " pictures";
        series.dotted = true;
        series.points.push_back({static_cast<double>(training.steps), mean.psnr});
    }
    Plot plot{.title = "Quality over training", .x_label = "steps", .y_label = "PSNR, dB", .series = {}};
    for (auto &[pictures, series] : by_pictures) {
        sort_points(series);
        plot.series.push_back(std::move(series));
    }
    return plot;
}

void check_trainings(const std::vector<std::filesystem::path> &bundles) {
    for (const auto &bundle : bundles) static_cast<void>(training_of(bundle));
}

namespace {

constexpr int kSide = 256; ///< of a cell at most

FloatPicture part(const FloatPicture &picture, const std::optional<std::pair<int, int>> &corner) {
    const int width = std::min(kSide, picture.width), height = std::min(kSide, picture.height);
    const auto [left, top] =
        corner.value_or(std::pair((picture.width - width) / 2, (picture.height - height) / 2));
    return picture_of(mat_of(picture)(cv::Rect(std::clamp(left, 0, picture.width - width),
                                               std::clamp(top, 0, picture.height - height), width, height)));
}

} // namespace

std::vector<SheetRow> denoising_sheet_rows(const SheetRow &cells,
                                           const std::optional<std::pair<int, int>> &corner) {
    const auto &first = cells.front().picture;
    if (std::max(first.width, first.height) <= kSide) return {cells};
    SheetRow whole, parts;
    for (const auto &cell : cells) {
        whole.push_back({cell.caption, reduced(cell.picture, kSide)});
        parts.push_back({"", part(cell.picture, corner)});
    }
    return {whole, parts};
}

namespace {

/// Rows of one bundle, without the noisy pictures and other denoisers.
std::vector<DenoisingRow> own_rows(const std::filesystem::path &bundle,
                                   const std::vector<DenoisingRow> &rows) {
    std::vector<DenoisingRow> out;
    for (const auto &row : rows)
        if (row.bundle == bundle) out.push_back(row);
    return out;
}

/// The same measurement of as many pictures or more: a part leaves the figures of the whole.
bool is_superseded(const Quality &old, const Quality &fresh) {
    const auto same = [&](const char *key, const auto &fallback) {
        return old.value(key, fallback) == fresh.value(key, fallback);
    };
    const auto count = [](const Quality &row) { return row.value("count", std::int64_t{0}); };
    return count(old) <= count(fresh) && same("data", std::string()) && same("sigma", -1.0) &&
           same("gain", 0.0) && same("clipped", true) && same("gray", false) && same("known", false) &&
           same("precision", std::string());
}

double bf16_loss(DenoisingEvaluation evaluation, const std::filesystem::path &bundle,
                 const std::vector<DenoisingRow> &full) {
    evaluation.bundles = {bundle};
    evaluation.precision = "bf16";
    evaluation.compare = false;
    evaluation.sheet.clear();
    const auto reduced = own_rows(bundle, evaluate_denoising(evaluation).rows);
    double loss = 0;
    for (std::size_t i = 0; i < full.size(); ++i) loss = std::max(loss, full[i].psnr - reduced[i].psnr);
    return loss;
}

void record(const DenoisingEvaluation &evaluation, const std::filesystem::path &path,
            const std::vector<DenoisingRow> &rows) {
    const auto own = own_rows(path, rows);
    const auto bundle = bundle::Bundle::open(path);
    auto manifest = bundle->manifest();
    DenoisingTable table(evaluation);
    for (const auto &row : own) table.add(row);
    manifest.quality = merged_quality(manifest.quality, table.entries(), is_superseded);
    if (evaluation.precision == "fp32" && has_bf16(select_device(evaluation.device))) {
        const double loss = bf16_loss(evaluation, path, own);
        const auto known = manifest.precision_loss.find("bf16");
        manifest.precision_loss["bf16"] =
            known == manifest.precision_loss.end() ? loss : std::max(loss, known->second);
        log_info("bf16 loses " + decimal(loss, 4) + " dB at most");
    }
    rewrite_manifest(*bundle, manifest, path);
}

} // namespace

void record_denoising(const DenoisingEvaluation &evaluation, const std::vector<DenoisingRow> &rows) {
    for (const auto &bundle : evaluation.bundles) record(evaluation, bundle, rows);
}

} // namespace mirra::trainer
