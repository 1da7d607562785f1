// Areas, and pictures of scores.
#include "eval/anomaly_measurement.hpp"

#include "eval/auroc.hpp"
#include "mirra/error.hpp"
#include "report/gallery.hpp"
#include "report/histogram.hpp"
#include "report/roc_plot.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

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

ScoreHistogram histogram_of(const Group &group) {
    ScoreHistogram out{.title = title_of(group), .normal = {}, .anomalous = {}, .threshold = {}};
    for (const auto *measurement : group) {
        const double unit = group.size() > 1 ? unit_of(*measurement) : 1;
        const auto scores = measurement->labelled();
        for (const double score : scores.normal) out.normal.push_back(score / unit);
        for (const double score : scores.anomalous) out.anomalous.push_back(score / unit);
    }
    if (group.size() == 1) out.threshold = group.front()->threshold;
    return out;
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
    write_roc_plot(path, several ? "ROC, mean of the classes" : "ROC", curves);
}

void write_score_histograms(const std::filesystem::path &path,
                            const std::vector<AnomalyMeasurement> &measurements) {
    const auto groups = by_method(measurements);
    std::vector<ScoreHistogram> histograms;
    bool several = false;
    for (const auto &group : groups) {
        histograms.push_back(histogram_of(group));
        several = several || group.size() > 1;
    }
    write_histograms(path,
                     several ? "log10 of the score over the class's normal median" : "log10 of the score",
                     histograms, methods_of_first_model(groups));
}

void write_hardest(const std::filesystem::path &path, const std::vector<AnomalyMeasurement> &measurements,
                   std::size_t count) {
    constexpr int kExtent = 128;
    std::vector<GalleryRow> rows;
    for (const auto &group : by_method(measurements))
        for (const bool anomalous : {false, true}) rows.push_back(hardest(group, anomalous, count));
    write_gallery(path, rows, kExtent);
}

} // namespace mirra::trainer
