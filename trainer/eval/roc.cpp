// Curves and rates.
#include "eval/roc.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace mirra::trainer {
namespace {

constexpr std::size_t kIntervals = 200;

double share_above(double threshold, const std::vector<double> &scores) {
    const auto above = std::ranges::count_if(scores, [&](double score) { return score > threshold; });
    return static_cast<double>(above) / static_cast<double>(scores.size());
}

/// The largest true-positive rate of a curve at a false-positive rate.
double rate_at(const std::vector<PlotPoint> &curve, double x) {
    const auto after = std::ranges::upper_bound(curve, x, {}, &PlotPoint::x);
    if (after == curve.end()) return curve.back().y;
    const auto before = std::prev(after);
    return before->y + (after->y - before->y) * (x - before->x) / (after->x - before->x);
}

} // namespace

std::vector<PlotPoint> roc_curve(const LabelledScores &scores) {
    auto normal = scores.normal, anomalous = scores.anomalous;
    if (normal.empty() || anomalous.empty())
        throw Error(ErrorCode::invalid_argument, "a curve needs normal and anomalous pictures", "scores");
    std::ranges::sort(normal, std::greater{});
    std::ranges::sort(anomalous, std::greater{});
    std::vector<PlotPoint> curve{{0, 0}};
    std::size_t n = 0, a = 0;
    while (n < normal.size() || a < anomalous.size()) {
        const double score = n == normal.size()      ? anomalous[a]
                             : a == anomalous.size() ? normal[n]
                                                     : std::max(normal[n], anomalous[a]);
        while (n < normal.size() && normal[n] == score) ++n;
        while (a < anomalous.size() && anomalous[a] == score) ++a;
        curve.push_back({static_cast<double>(n) / static_cast<double>(normal.size()),
                         static_cast<double>(a) / static_cast<double>(anomalous.size())});
    }
    return curve;
}

std::vector<PlotPoint> mean_roc(const std::vector<std::vector<PlotPoint>> &curves) {
    std::vector<PlotPoint> mean{{0, 0}};
    for (std::size_t i = 0; i <= kIntervals; ++i) {
        const double x = static_cast<double>(i) / kIntervals;
        double sum = 0;
        for (const auto &curve : curves) sum += rate_at(curve, x);
        mean.push_back({x, sum / static_cast<double>(curves.size())});
    }
    return mean;
}

double auroc_error(double auroc, std::size_t normal, std::size_t anomalous) {
    const double area = auroc, q1 = area / (2 - area), q2 = 2 * area * area / (1 + area);
    const auto n = static_cast<double>(normal), a = static_cast<double>(anomalous);
    const double variance =
        (area * (1 - area) + (a - 1) * (q1 - area * area) + (n - 1) * (q2 - area * area)) / (n * a);
    return std::sqrt(std::max(0.0, variance));
}

Rates rates_above(double threshold, const LabelledScores &scores) {
    return {share_above(threshold, scores.normal), share_above(threshold, scores.anomalous)};
}

} // namespace mirra::trainer
