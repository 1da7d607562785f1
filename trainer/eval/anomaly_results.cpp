#include "eval/anomaly_results.hpp"

#include "core/random.hpp"
#include "core/text.hpp"
#include "eval/anomaly_methods.hpp"
#include "eval/classifier.hpp"
#include "eval/paper.hpp"
#include "eval/statistics.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "report/plot.hpp"
#include "report/sheet.hpp"
#include "report/table.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>

namespace mirra::trainer {
namespace {

using Group = std::vector<const AnomalyMeasurement *>;

std::string title_of(const Group &group) {
    return group.front()->model + ", " + group.front()->method;
}

Auroc auroc_of_group(const Group &group) {
    std::vector<Auroc> all;
    for (const auto *measurement : group) all.push_back(auroc_of(measurement->labelled()));
    return mean_of(all);
}

/// What scores of one class's model are measured in: the median of the normal ones.
double unit_of(const AnomalyMeasurement &measurement) {
    auto normal = measurement.labelled().normal;
    const auto middle = normal.begin() + static_cast<std::ptrdiff_t>(normal.size() / 2);
    std::ranges::nth_element(normal, middle);
    return *middle > 0 ? *middle : 1;
}

constexpr int kBins = 32;

double position(double score) {
    constexpr double kSmallest = 1e-12;
    return std::log10(std::max(score, kSmallest));
}

/// The share of the scores whose logarithm falls into each bin.
PlotBars bars_of(const std::string &name, const std::vector<double> &scores, double low, double high) {
    PlotBars out{.name = name, .low = low, .high = high, .heights = std::vector<double>(kBins, 0)};
    for (const double score : scores) {
        const auto bin = static_cast<int>((position(score) - low) / (high - low) * kBins);
        out.heights[static_cast<std::size_t>(std::clamp(bin, 0, kBins - 1))] +=
            1 / static_cast<double>(scores.size());
    }
    return out;
}

Plot histogram_of(const Group &group) {
    LabelledScores scores;
    for (const auto *measurement : group) {
        const double unit = group.size() > 1 ? unit_of(*measurement) : 1;
        const auto own = measurement->labelled();
        for (const double score : own.normal) scores.normal.push_back(score / unit);
        for (const double score : own.anomalous) scores.anomalous.push_back(score / unit);
    }
    return score_histogram(title_of(group), scores,
                           group.size() == 1 ? group.front()->threshold : std::nullopt);
}

/// A picture with its score in units of the normal median.
struct Case {
    const AnomalyMeasurement *measurement;
    std::size_t picture;
    double score, relative;
};

std::vector<Case> cases(const Group &group, bool anomalous) {
    std::vector<Case> out;
    for (const auto *measurement : group) {
        const double unit = unit_of(*measurement);
        for (std::size_t i = 0; i < measurement->set->size(); ++i) {
            const double score = measurement->scores[i];
            if (measurement->set->anomalous(i) == anomalous && !std::isnan(score))
                out.push_back({measurement, i, score, score / unit});
        }
    }
    if (anomalous)
        std::ranges::stable_sort(out, {}, &Case::relative);
    else
        std::ranges::stable_sort(out, std::greater{}, &Case::relative);
    return out;
}

/// Of several classes in the unit that they are sorted by.
std::string caption_of(const Case &shown, bool several) {
    const auto &measurement = *shown.measurement;
    const auto &label = measurement.set->label(shown.picture);
    char score[32];
    std::snprintf(score, sizeof score, several ? " %.3gx" : " %.4g", several ? shown.relative : shown.score);
    if (!measurement.set->anomalous(shown.picture) || measurement.class_name.empty()) return label + score;
    return label + " as " + measurement.class_name + score;
}

GalleryRow hardest(const Group &group, bool anomalous, std::size_t count) {
    const bool several = group.size() > 1;
    const std::string kind = anomalous ? ": anomalous, the lowest scores" : ": normal, the highest scores";
    GalleryRow row{title_of(group) + kind + (several ? " (1: the class's normal median)" : ""), {}};
    for (const auto &shown : cases(group, anomalous)) {
        if (row.cells.size() == count) break;
        if (auto picture = shown.measurement->set->get(shown.picture, shown.measurement->extent))
            row.cells.push_back({caption_of(shown, several), std::move(*picture)});
    }
    return row;
}

/// Panels beside each other: the methods of a model.
int methods_of_first_model(const std::vector<Group> &groups) {
    return static_cast<int>(std::ranges::count_if(
        groups, [&](const Group &group) { return group.front()->model == groups.front().front()->model; }));
}

} // namespace

Auroc auroc_of(const LabelledScores &scores) {
    if (scores.normal.empty() || scores.anomalous.empty())
        throw Error(ErrorCode::corrupt,
                    std::string("none of the ") + (scores.normal.empty() ? "normal" : "anomalous") +
                        " pictures can be read",
                    "pictures", "check the files");
    const double value = auroc(scores.normal, scores.anomalous);
    return {value, auroc_error(value, scores.normal.size(), scores.anomalous.size())};
}

Auroc mean_of(const std::vector<Auroc> &all) {
    Auroc mean;
    double variance = 0;
    for (const auto &each : all) {
        mean.value += each.value / static_cast<double>(all.size());
        variance += each.error * each.error;
    }
    mean.error = std::sqrt(variance) / static_cast<double>(all.size());
    return mean;
}

std::vector<Group> by_method(const std::vector<AnomalyMeasurement> &measurements) {
    std::vector<Group> groups;
    for (const auto &measurement : measurements) {
        const auto found = std::ranges::find_if(groups, [&](const Group &group) {
            return group.front()->model == measurement.model && group.front()->method == measurement.method;
        });
        if (found == groups.end())
            groups.push_back({&measurement});
        else
            found->push_back(&measurement);
    }
    return groups;
}

void write_roc(const std::filesystem::path &path, const std::vector<AnomalyMeasurement> &measurements) {
    std::vector<PlotSeries> curves;
    bool several = false;
    for (const auto &group : by_method(measurements)) {
        std::vector<std::vector<PlotPoint>> all;
        for (const auto *measurement : group) all.push_back(roc_curve(measurement->labelled()));
        char area[32];
        std::snprintf(area, sizeof area, ": %.3f", auroc_of_group(group).value);
        several = several || group.size() > 1;
        curves.push_back({.name = title_of(group) + area,
                          .points = group.size() > 1 ? mean_roc(all) : all.front(),
                          .dotted = false});
    }
    write_plots(path, {{.title = several ? "ROC, mean of the classes" : "ROC",
                        .x_label = "false-positive rate",
                        .y_label = "true-positive rate",
                        .series = curves,
                        .rates = true}});
}

Plot score_histogram(const std::string &title, const LabelledScores &scores,
                     std::optional<double> threshold) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    const auto take = [&](double score) {
        low = std::min(low, position(score));
        high = std::max(high, position(score));
    };
    std::ranges::for_each(scores.normal, take);
    std::ranges::for_each(scores.anomalous, take);
    if (threshold) take(*threshold);
    if (high < low) throw Error(ErrorCode::invalid_argument, "no scores to count", title);
    if (high == low) {
        low -= 0.5;
        high += 0.5;
    }
    Plot plot{.title = title, .x_label = "log10 of the score", .y_label = "share", .series = {}};
    plot.bars = {bars_of("normal", scores.normal, low, high),
                 bars_of("anomalous", scores.anomalous, low, high)};
    if (threshold) plot.threshold = position(*threshold);
    return plot;
}

void write_score_histograms(const std::filesystem::path &path,
                            const std::vector<AnomalyMeasurement> &measurements) {
    const auto groups = by_method(measurements);
    std::vector<Plot> plots;
    for (const auto &group : groups) plots.push_back(histogram_of(group));
    if (std::ranges::any_of(groups, [](const Group &group) { return group.size() > 1; }))
        for (auto &plot : plots) plot.x_label = "log10 of the score over the class's normal median";
    write_plots(path, plots, methods_of_first_model(groups));
}

void write_hardest(const std::filesystem::path &path, const std::vector<AnomalyMeasurement> &measurements,
                   std::size_t count) {
    constexpr int kExtent = 128;
    std::vector<GalleryRow> rows;
    for (const auto &group : by_method(measurements))
        for (const bool anomalous : {false, true}) rows.push_back(hardest(group, anomalous, count));
    write_gallery(path, rows, kExtent);
}

namespace {

/// In the manifest's names.
std::string flat(std::string method) {
    std::ranges::replace(method, '-', '_');
    return method;
}

std::string settings_line(const DetectorInfo &detector, const std::string &method, const AnomalySet &set,
                          const ScoringSettings &settings) {
    const bool searches = method == kLatentSearch;
    return "bundle " + detector.identity + ", " + method + ", data " + hex(set.fingerprint()) +
           (searches ? ", iterations " + std::to_string(settings.iterations) + ", seed " +
                           std::to_string(settings.seed)
                     : "");
}

} // namespace

namespace {

std::vector<std::string> methods_in(const bundle::Manifest &manifest) {
    const auto &graphs = manifest.graphs;
    const bool memory = graphs.contains("memory"), segmenter = graphs.contains("segmenter");
    std::vector<std::string> out;
    if (graphs.contains("encoder") || (!memory && !segmenter)) out = {kLatentSearch, kReconstruction};
    if (memory) out.push_back(kFeatureMemory);
    if (segmenter) out.push_back(kSegmentation);
    return out;
}

} // namespace

DetectorInfo detector_info(const std::filesystem::path &path) {
    const auto bundle = bundle::Bundle::open(path);
    const auto &manifest = bundle->manifest();
    if (manifest.task != "detect")
        throw Error(ErrorCode::mismatch,
                    "no bundle of an anomaly detector: its task is '" + manifest.task.substr(0, 20) + "'",
                    path.string(), "give a bundle that mirra-train anomaly wrote");
    DetectorInfo info{.path = path,
                      .name = path.stem().string(),
                      .extents = {},
                      .methods = methods_in(manifest),
                      .thresholds = {},
                      .identity = {}};
    const auto defaults = nlohmann::json::parse(manifest.defaults, nullptr, false);
    const auto number = [&](const std::string &key) -> std::optional<double> {
        if (!defaults.is_object() || !defaults.contains(key) || !defaults[key].is_number())
            return std::nullopt;
        return defaults[key].get<double>();
    };
    for (const auto &method : info.methods) {
        const auto own = method == kSegmentation ? number("segmentation_extent") : std::nullopt;
        const auto extent = own ? own : number("extent");
        if (!extent || *extent < 1)
            throw Error(ErrorCode::mismatch, "the detector does not say its extent", path.string(),
                        "train the bundle anew");
        info.extents[method] = static_cast<std::int64_t>(*extent);
        if (const auto threshold = number(flat(method) + "_threshold")) info.thresholds[method] = *threshold;
    }
    std::uint64_t hash = 0;
    for (const unsigned char c : manifest.defaults) hash = mix(hash ^ c);
    info.identity = bundle->sha256() + "-" + hex(hash);
    return info;
}

std::vector<std::string> methods_of(const DetectorInfo &detector, const std::vector<std::string> &asked) {
    for (const auto &method : asked) {
        if (std::ranges::find(kAnomalyMethods, method) == kAnomalyMethods.end())
            throw Error(ErrorCode::invalid_argument, "unknown method '" + method.substr(0, 30) + "'",
                        "--methods", "latent-search, reconstruction, feature-memory or segmentation");
        if (std::ranges::find(detector.methods, method) == detector.methods.end())
            throw Error(ErrorCode::mismatch, "the detector has no " + method, detector.path.string(),
                        "train it with that method, or name others");
    }
    return asked.empty() ? detector.methods : asked;
}

AnomalyScorer::Options scorer_options(const std::string &method, const ScoringSettings &settings, bool heat) {
    return {.method = method,
            .batch = settings.batch,
            .heat = heat,
            .seed = settings.seed,
            .iterations = settings.iterations,
            .threads = settings.threads,
            .device = settings.device};
}

AnomalyResult judge(AnomalyScorer &scorer, const torch::Tensor &pictures) {
    try {
        return scorer.score(pictures);
    } catch (const Error &error) {
        if (error.code() == ErrorCode::cancelled && interrupted()) throw Interrupted{};
        throw;
    }
}

AnomalyMeasurement measure(const DetectorInfo &detector, const std::string &method,
                           std::shared_ptr<const AnomalySet> set, const ScoringSettings &settings) {
    const auto file = settings.work.empty() ? std::filesystem::path()
                                            : settings.work / (detector.name + "-" + method + ".scores.csv");
    KeptScores kept(file, settings_line(detector, method, *set, settings));
    std::unique_ptr<AnomalyScorer> scorer; // made when a picture has no score yet
    const auto score = [&](const torch::Tensor &pictures) {
        if (!scorer)
            scorer = std::make_unique<AnomalyScorer>(detector.path, scorer_options(method, settings, false));
        return judge(*scorer, pictures).scores;
    };
    AnomalyMeasurement out{.model = detector.name, .class_name = {}, .method = method, .robust = {}};
    out.scores = score_pictures(*set, kept, score,
                                {.extent = detector.extents.at(method),
                                 .batch = settings.batch,
                                 .name = "eval " + detector.name + " " + method});
    out.set = std::move(set);
    out.extent = detector.extents.at(method);
    if (const auto found = detector.thresholds.find(method); found != detector.thresholds.end())
        out.threshold = found->second;
    return out;
}

namespace {

/// The mean of a model's and method's classes; the paper's only where all of its classes are there.
struct Mean {
    const AnomalyMeasurement *first;
    std::size_t classes = 0, normal = 0, anomalous = 0;
    Auroc area;
    std::optional<PaperAuroc> figure;
};

std::vector<Mean> means(const std::vector<AnomalyMeasurement> &measurements,
                        const std::vector<std::string> &classes) {
    std::vector<Mean> out;
    for (const auto &group : by_method(measurements)) {
        Mean mean{group.front(), group.size(), 0, 0, {}, {}};
        std::vector<Auroc> all;
        for (const auto *measurement : group) {
            const auto scores = measurement->labelled();
            mean.normal += scores.normal.size();
            mean.anomalous += scores.anomalous.size();
            all.push_back(auroc_of(scores));
        }
        mean.area = mean_of(all);
        if (group.size() == classes.size()) mean.figure = paper_anomaly_mean(classes);
        out.push_back(std::move(mean));
    }
    return out;
}

std::int64_t whole(std::size_t count) {
    return static_cast<std::int64_t>(count);
}

} // namespace

std::vector<Column> with_auroc(std::vector<Column> columns, std::vector<Column> rest) {
    columns.push_back({.name = "auroc",
                       .digits = places(5),
                       .shown = {.head = "AUROC (error)", .width = 6, .digits = places(4), .gap = 2}});
    columns.push_back({.name = "auroc_error",
                       .digits = places(5),
                       .shown = {.width = 6, .digits = places(4), .in_brackets = true}});
    for (auto &column : rest) columns.push_back(std::move(column));
    return columns;
}

OneVsAllTable::OneVsAllTable()
    : Table(with_auroc(
          {{.name = "encoder", .shown = {.head = "encoder", .width = -26}},
           {.shown = {.head = "normal class", .width = -14}},
           {.name = "class"},
           {.name = "method", .shown = {.head = "method", .width = -15}},
           {.name = "normal", .shown = {.head = "normal", .width = 6}},
           {.name = "anomalous", .shown = {.head = "others", .width = 6}}},
          {{.name = "paper", .shown = {.head = "paper", .width = 7, .digits = places(4), .gap = 2}},
           {.name = "adgan", .shown = {.head = "ADGAN", .width = 7, .digits = places(3)}}})) {}

void OneVsAllTable::add(const AnomalyMeasurement &measurement, const std::string &shown,
                        const std::string &name, std::pair<std::size_t, std::size_t> counts,
                        const Auroc &area, const std::optional<PaperAuroc> &paper) {
    const auto &robust = measurement.robust;
    Table::add({measurement.model, shown, name, measurement.method, whole(counts.first), whole(counts.second),
                area.value, area.error,
                paper && robust ? Cell(*robust ? paper->robust : paper->standard) : Cell(),
                paper ? Cell(paper->adgan) : Cell()});
}

void OneVsAllTable::add(const AnomalyMeasurement &measurement, const std::vector<std::string> &classes) {
    const auto scores = measurement.labelled();
    const auto &name = measurement.class_name;
    add(measurement, name, name, {scores.normal.size(), scores.anomalous.size()}, auroc_of(scores),
        paper_anomaly(classes, name));
}

std::string OneVsAllTable::add_means(const std::vector<AnomalyMeasurement> &measurements,
                                     const std::vector<std::string> &classes) {
    std::string lines, note;
    for (const auto &mean : means(measurements, classes)) {
        add(*mean.first, "mean of " + std::to_string(mean.classes), "mean", {mean.normal, mean.anomalous},
            mean.area, mean.figure);
        lines += line();
        if (mean.figure) note = paper_anomaly_note(classes);
    }
    return lines + note;
}

PartsTable::PartsTable()
    : Table(
          with_auroc({{.name = "bundle", .shown = {.head = "bundle", .width = -20}},
                      {.name = "method", .shown = {.head = "method", .width = -15}},
                      {.name = "good", .shown = {.head = "good", .width = 6}},
                      {.name = "bad", .shown = {.head = "bad", .width = 6}}},
                     {{.name = "threshold",
                       .digits = significant(8),
                       .shown = {.head = "threshold", .width = 11, .digits = significant(5), .missing = "-"}},
                      {.name = "fpr",
                       .digits = places(5),
                       .shown = {.head = "FPR", .width = 8, .digits = places(4), .missing = "-"}},
                      {.name = "tpr",
                       .digits = places(5),
                       .shown = {.head = "TPR", .width = 8, .digits = places(4), .missing = "-"}}})) {}

void PartsTable::add(const AnomalyMeasurement &measurement) {
    const auto scores = measurement.labelled();
    const auto area = auroc_of(scores);
    Cells cells{
        measurement.model, measurement.method, whole(scores.normal.size()), whole(scores.anomalous.size()),
        area.value,        area.error};
    if (measurement.threshold) {
        const auto rates = rates_above(*measurement.threshold, scores);
        for (const double value : {*measurement.threshold, rates.false_positive, rates.true_positive})
            cells.emplace_back(value);
    }
    cells.resize(kColumns);
    Table::add(std::move(cells));
}

} // namespace mirra::trainer
