#include "eval/statistics.hpp"

#include "mirra/error.hpp"
#include "mirra/image.hpp"
#include "mirra/printable.hpp"
#include "report/table.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace mirra::trainer {

/// Welford's recurrence.
void Statistic::add(double value) {
    values_.push_back(value);
    const double step = value - mean_;
    mean_ += step / static_cast<double>(count());
    squares_ += step * (value - mean_);
}

double Statistic::mean() const {
    return count() > 0 ? mean_ : std::numeric_limits<double>::quiet_NaN();
}

double Statistic::deviation() const {
    return count() > 0 ? std::sqrt(squares_ / static_cast<double>(count()))
                       : std::numeric_limits<double>::quiet_NaN();
}

double standard_error(const Statistic &statistic) {
    const auto count = statistic.count();
    return count < 2 ? 0 : statistic.deviation() / std::sqrt(static_cast<double>(count - 1));
}

Statistic differences(const Statistic &of, const Statistic &reference) {
    if (of.count() != reference.count())
        throw Error(ErrorCode::internal, "two methods were measured on unlike pictures", "pictures");
    Statistic out;
    for (std::size_t i = 0; i < of.values().size(); ++i) out.add(of.values()[i] - reference.values()[i]);
    return out;
}

bool counts(double difference, double error) {
    return std::abs(difference) > 2 * error;
}

bool counts(const Statistic &differences) {
    return differences.count() > 1 && counts(differences.mean(), standard_error(differences));
}

std::string difference_line(const std::string &what, double difference, double error, const std::string &unit,
                            const std::string &over) {
    return printable(what) + formatted(": %+.4g%s (%.2g), paired over ", difference, unit.c_str(), error) +
           over + (counts(difference, error) ? "" : ", within the errors") + "\n";
}

std::string paired_line(const std::string &what, const Statistic &differences, const std::string &unit,
                        const std::string &each) {
    if (differences.count() < 2) return {};
    return difference_line(what, differences.mean(), standard_error(differences), unit,
                           std::to_string(differences.count()) + " " + each);
}

void Similarity::add(const FloatPicture &picture, const FloatPicture &reference) {
    constexpr std::int32_t kWindow = 11;
    psnr.add(image::psnr(picture.values, reference.values));
    if (std::min(reference.width, reference.height) >= kWindow)
        ssim.add(image::ssim({picture.values, picture.width, picture.height, 3},
                             {reference.values, reference.width, reference.height, 3}));
}

Interval confidence(std::int64_t hits, std::int64_t count) {
    if (count == 0) return {0, 1};
    constexpr double kZ = 1.959963984540054; // 97.5 % of the normal distribution
    const auto n = static_cast<double>(count);
    const double p = static_cast<double>(hits) / n, z2 = kZ * kZ;
    const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    const double half = kZ * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
    return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double auroc(std::span<const double> normal, std::span<const double> anomalous) {
    if (normal.empty() || anomalous.empty()) return std::numeric_limits<double>::quiet_NaN();
    std::vector<double> sorted(normal.begin(), normal.end());
    std::ranges::sort(sorted);
    double pairs = 0;
    for (const double score : anomalous) {
        const auto [low, high] = std::ranges::equal_range(sorted, score);
        pairs += static_cast<double>(low - sorted.begin()) + static_cast<double>(high - low) / 2;
    }
    return pairs / (static_cast<double>(normal.size()) * static_cast<double>(anomalous.size()));
}

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
