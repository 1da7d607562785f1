// Quantiles and logistic regression; scoring and measuring.
#include "tasks/anomaly_calibration.hpp"

#include "core/divergence.hpp"
#include "core/random.hpp"
#include "data/evenly_spaced.hpp"
#include "eval/anomaly_methods.hpp"
#include "eval/anomaly_scoring.hpp"
#include "eval/statistics.hpp"
#include "log/log.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <set>
#include <vector>

namespace mirra::trainer {
namespace {

/// Share `part` of the values, which are sorted, lies below; linear between them.
double quantile(const std::vector<double> &sorted, double part) {
    const double place = part * static_cast<double>(sorted.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const auto high = std::min(low + 1, sorted.size() - 1);
    return sorted[low] + (place - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

/// Where the standard normal distribution reaches `part`.
double normal_quantile(double part) {
    double low = -40, high = 40;
    for (int i = 0; i < 100; ++i) {
        const double middle = (low + high) / 2;
        (std::erfc(-middle / std::numbers::sqrt2) / 2 < part ? low : high) = middle;
    }
    return (low + high) / 2;
}

/// Logarithms; scores that are next to nothing beside the others count as a thousandth of their median.
class Logarithms {
  public:
    explicit Logarithms(std::span<const double> normal) {
        std::vector<double> sorted(normal.begin(), normal.end());
        std::ranges::sort(sorted);
        constexpr double kThousandth = 1e-3;
        floor_ = std::max(std::numeric_limits<double>::min(), kThousandth * quantile(sorted, 0.5));
    }
    [[nodiscard]] std::vector<double> of(std::span<const double> scores) const {
        std::vector<double> out;
        for (const double score : scores) out.push_back(std::log(std::max(score, floor_)));
        return out;
    }

  private:
    double floor_ = 0;
};

double logit(double probability) {
    return std::log(probability / (1 - probability));
}

struct Line {
    double slope = 0, offset = 0;
    [[nodiscard]] double at(double x) const { return slope * x + offset; }
    [[nodiscard]] double probability(double x) const { return 1 / (1 + std::exp(-at(x))); }
};

/// Logistic regression. The wanted probabilities are Platt's (1999), a little inside of 0 and 1, so that
/// pictures that a threshold separates have a finite slope.
class Regression {
  public:
    Regression(const std::vector<double> &normal, const std::vector<double> &anomalous) {
        add(normal, 1 / (static_cast<double>(normal.size()) + 2));
        add(anomalous, 1 - 1 / (static_cast<double>(anomalous.size()) + 2));
        double sum = 0, squares = 0;
        for (const auto &point : points_) sum += point.weight * point.x / 2;
        for (const auto &point : points_) squares += point.weight * (point.x - sum) * (point.x - sum) / 2;
        mean_ = sum;
        deviation_ = squares > 0 ? std::sqrt(squares) : 1;
    }

    /// Newton's method on standardised values, each step halved until the loss falls.
    [[nodiscard]] Line fit() const {
        constexpr int kSteps = 100, kHalvings = 30;
        constexpr double kEnough = 1e-12;
        Line line;
        for (int step = 0; step < kSteps; ++step) {
            const Line direction = newton(line);
            const double before = loss(line);
            double size = 1;
            Line next = line;
            for (int i = 0; i < kHalvings; ++i, size /= 2) {
                next = {line.slope - size * direction.slope, line.offset - size * direction.offset};
                if (loss(next) <= before) break;
            }
            line = next;
            if (before - loss(line) < kEnough) break;
        }
        return {line.slope / deviation_, line.offset - line.slope * mean_ / deviation_};
    }

  private:
    struct Point {
        double x, wanted, weight;
    };

    void add(const std::vector<double> &values, double wanted) {
        for (const double x : values) points_.push_back({x, wanted, 1 / static_cast<double>(values.size())});
    }

    [[nodiscard]] double standard(const Point &point) const { return (point.x - mean_) / deviation_; }

    [[nodiscard]] double loss(const Line &line) const {
        double sum = 0;
        for (const auto &point : points_) {
            const double at = line.at(standard(point));
            sum +=
                point.weight * (std::max(at, 0.0) + std::log1p(std::exp(-std::abs(at))) - point.wanted * at);
        }
        return sum;
    }

    [[nodiscard]] Line newton(const Line &line) const {
        constexpr double kRidge = 1e-9;
        double gx = 0, g1 = 0, xx = kRidge, x1 = 0, h1 = kRidge;
        for (const auto &point : points_) {
            const double x = standard(point), p = line.probability(x);
            const double error = point.weight * (p - point.wanted), curve = point.weight * p * (1 - p);
            gx += error * x;
            g1 += error;
            xx += curve * x * x;
            x1 += curve * x;
            h1 += curve;
        }
        const double determinant = xx * h1 - x1 * x1;
        return {(h1 * gx - x1 * g1) / determinant, (xx * g1 - x1 * gx) / determinant};
    }

    std::vector<Point> points_;
    double mean_ = 0, deviation_ = 1;
};

struct Normal {
    double mean = 0, spread = 0;
};

/// The normal distribution that fits the values.
Normal normal_of(std::span<const double> values, double least_spread) {
    const auto count = static_cast<double>(values.size());
    double mean = 0, squares = 0;
    for (const double x : values) mean += x / count;
    for (const double x : values) squares += (x - mean) * (x - mean);
    return {mean, std::max(least_spread, std::sqrt(squares / std::max(1.0, count - 1)))};
}

/// What a share `beyond` of a normal distribution exceeds that fits the values.
double normal_fit(std::span<const double> values, double beyond) {
    constexpr double kLeastSpread = 1e-3;
    const auto [mean, spread] = normal_of(values, kLeastSpread);
    return mean + spread * normal_quantile(1 - beyond);
}

} // namespace

double score_threshold(std::span<const double> normal, double false_positive_rate, double most) {
    constexpr double kBeyond = 3, kNearly = 1 - 1e-9;
    std::vector<double> sorted(normal.begin(), normal.end());
    std::ranges::sort(sorted);
    if (false_positive_rate * static_cast<double>(sorted.size()) >= kBeyond)
        return std::min(quantile(sorted, 1 - false_positive_rate), kNearly * most);
    auto logs = Logarithms(normal).of(normal);
    const double threshold = std::exp(normal_fit(logs, false_positive_rate));
    if (threshold < most) return threshold;
    for (double &x : logs) x = logit(std::min(std::exp(x) / most, kNearly));
    return most * std::min(kNearly, 1 / (1 + std::exp(-normal_fit(logs, false_positive_rate))));
}

RateInterval rate_interval(std::size_t normal, double false_positive_rate) {
    constexpr int kTimes = 2000;
    constexpr double kOutside = 0.025;
    CounterRandom random(0, normal);
    std::vector<double> rates, scores(normal);
    for (int i = 0; i < kTimes; ++i) {
        for (double &score : scores) {
            const double length = std::sqrt(-2 * std::log(1 - random.uniform()));
            score = std::exp(length * std::cos(2 * std::numbers::pi * random.uniform()));
        }
        const double at = std::log(score_threshold(scores, false_positive_rate));
        rates.push_back(std::erfc(at / std::numbers::sqrt2) / 2);
    }
    std::ranges::sort(rates);
    return {quantile(rates, kOutside), quantile(rates, 1 - kOutside)};
}

Calibration calibrate(std::span<const double> normal, std::span<const double> anomalous,
                      double false_positive_rate, double most) {
    Calibration out{.threshold = score_threshold(normal, false_positive_rate, most), .slope = 0, .offset = 0};
    const Logarithms logarithms(normal);
    auto logs = logarithms.of(normal);
    if (!anomalous.empty()) {
        const Line line = Regression(logs, logarithms.of(anomalous)).fit();
        if (line.slope > 0) return {out.threshold, line.slope, line.offset};
        // The anomalous ones score lower: no probability can follow that and the threshold.
    }
    constexpr double kLeastDistance = 1e-3;
    std::ranges::sort(logs);
    const double at = std::log(std::max(out.threshold, std::numeric_limits<double>::min())),
                 distance = std::max(kLeastDistance, at - quantile(logs, 0.5));
    out.slope = -logit(false_positive_rate) / distance;
    out.offset = -out.slope * at;
    return out;
}

double probability_of(double score, const Calibration &calibration) {
    const double at = std::log(std::max(score, std::numeric_limits<double>::min()));
    return 1 / (1 + std::exp(-(calibration.slope * at + calibration.offset)));
}

AnomalyScorer::Options scorer_options(const std::string &method, const AnomalyTraining &training) {
    AnomalyScorer::Options options;
    options.method = method;
    options.threads = training.command.threads;
    options.device = training.command.device;
    return options;
}

namespace {

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

/// What hosts will find for these pictures, evenly spaced over the set: each by itself, from its file.
/// Pictures that were brought to the extent before, in 8 bits, or judged in company, have a little other
/// scores. One that gives none by now is skipped: it must not end a training that is done.
/// @param lost  names of those that were skipped before
/// @param told  gets what the networks say of a picture that they give no score
std::vector<double> scores_of(AnomalyScorer &scorer, const PictureSet &set, const std::string &method,
                              const AnomalyTraining &training, std::set<std::string> &lost,
                              std::optional<Error> &told) {
    const auto &settings = training.settings;
    const auto most = method == kLatentSearch ? settings.search_pictures : settings.calibration_pictures;
    const auto taken = std::min(most, set.size());
    std::vector<double> scores;
    for (std::int64_t i = 0; i < taken; ++i) {
        const auto index = evenly_spaced(i, taken, set.size());
        if (lost.contains(set.name(index))) continue;
        std::optional<image::Image> picture;
        try {
            picture = set.original(index);
            scores.push_back(scorer.score(*std::move(picture)));
        } catch (const Error &error) {
            if (error.code() == ErrorCode::cancelled) throw;
            if (picture) told = error;
            lost.insert(set.name(index));
            log_warning("skipped " + set.name(index) + ": " + error.what());
        }
    }
    return scores;
}

std::vector<double> normal_scores(AnomalyScorer &scorer, const std::string &method,
                                  const AnomalyTraining &training, std::set<std::string> &lost) {
    const auto &set = *training.pictures.normal;
    std::optional<Error> told;
    auto scores = scores_of(scorer, set, method, training, lost, told);
    if (scores.empty() && told) {
        const bool trained = method != kFeatureMemory;
        if (!trained || told->code() != ErrorCode::mismatch) throw Error(*told);
        throw diverged("the method '" + method +
                           "' gives none of the normal pictures a score: " + told->what(),
                       method == kSegmentation ? SegmentationRecipe::kRate : kOptimizerRate);
    }
    if (scores.empty())
        throw Error(ErrorCode::corrupt, "none of the normal pictures that calibrate the scores can be judged",
                    set.name(0), "repair the files; the same command goes on from here");
    return scores;
}

} // namespace

double balanced_pixel_weight(const std::filesystem::path &bundle, const AnomalyTraining &training,
                             double feature_weight) {
    constexpr double kNothing = 1e-20, kLeast = 1e-12;
    std::set<std::string> lost;
    const auto part = [&](double by_pixels, double by_features) {
        auto options = scorer_options(kReconstruction, training);
        options.pixel_weight = by_pixels;
        options.feature_weight = by_features;
        AnomalyScorer scorer(bundle, options);
        return median(normal_scores(scorer, kReconstruction, training, lost));
    };
    const double pixels = part(1, kNothing), features = part(kNothing, 1);
    return std::max(kLeast, feature_weight * features / std::max(pixels, kLeast));
}

Part part_of_score(std::vector<double> values, const LeastOfPart &least) {
    for (double &value : values) value = std::log(std::max(value, least.value));
    const auto [mean, spread] = normal_of(values, least.spread);
    return {std::exp(mean), 1 / spread};
}

std::vector<double> segmentation_scores(const std::filesystem::path &bundle, const AnomalyTraining &training,
                                        std::set<std::string> &lost) {
    AnomalyScorer scorer(bundle, scorer_options(kSegmentation, training));
    return normal_scores(scorer, kSegmentation, training, lost);
}

std::vector<CalibratedMethod> calibrate_methods(const std::filesystem::path &bundle,
                                                const AnomalyTraining &training) {
    std::vector<std::string> names;
    if (training.parts.segmentation) names.push_back(kSegmentation);
    if (training.parts.memory) names.push_back(kFeatureMemory);
    if (training.parts.generator) names.insert(names.end(), {kReconstruction, kLatentSearch});
    std::vector<CalibratedMethod> out;
    std::set<std::string> lost;
    for (const auto &name : names) {
        CalibratedMethod method{.name = name, .key = name, .calibration = {}, .normal = {}, .bad = {}};
        std::ranges::replace(method.key, '-', '_');
        log_info("calibrating " + name);
        AnomalyScorer scorer(bundle, scorer_options(name, training));
        method.normal = normal_scores(scorer, name, training, lost);
        std::optional<Error> told;
        if (training.pictures.bad)
            method.bad = scores_of(scorer, *training.pictures.bad, name, training, lost, told);
        const bool likelihood = name == kSegmentation && training.settings.memory_pictures == 0;
        const double most = likelihood ? 1 : std::numeric_limits<double>::infinity();
        method.calibration =
            calibrate(method.normal, method.bad, training.settings.false_positive_rate, most);
        out.push_back(std::move(method));
    }
    return out;
}

namespace {

/// Of bad pictures where there are some, else of synthetic defects; not a number where there is neither.
double area_of(const CalibratedMethod &method) {
    return method.bad.empty() ? auroc(method.whole, method.defective) : auroc(method.normal, method.bad);
}

std::string share(double value) {
    char text[16];
    std::snprintf(text, sizeof text, "%.1f%%", 100 * value);
    return text;
}

std::string area(std::span<const double> normal, std::span<const double> anomalous) {
    if (anomalous.empty()) return "";
    char text[16];
    std::snprintf(text, sizeof text, "%.4f", auroc(normal, anomalous));
    return text;
}

void print_line(const CalibratedMethod &method) {
    const auto count = static_cast<double>(method.normal.size());
    const double mean = std::accumulate(method.normal.begin(), method.normal.end(), 0.0) / count;
    const double threshold = method.calibration.threshold;
    const auto rates = rates_above(threshold, {method.normal, method.bad}),
               synthetic = rates_above(threshold, {method.whole, method.defective});
    std::printf("%-15s %7zu %5zu %12.5g %12.5g %9s %7s %9s %9s %9s\n", method.name.c_str(),
                method.normal.size(), method.bad.size(), mean, threshold, share(rates.false_positive).c_str(),
                area(method.normal, method.bad).c_str(),
                method.bad.empty() ? "" : share(rates.true_positive).c_str(),
                area(method.whole, method.defective).c_str(),
                method.defective.empty() ? "" : share(synthetic.true_positive).c_str());
}

} // namespace

std::string recommended_method(const std::vector<CalibratedMethod> &methods) {
    const auto known = [](const CalibratedMethod &method) {
        const double found = area_of(method);
        return std::isnan(found) ? 0 : found;
    };
    return std::ranges::max_element(methods, {}, known)->name; // the first of equal ones
}

void print_calibration(const std::vector<CalibratedMethod> &methods, double false_positive_rate) {
    const auto normal = methods.front().normal.size();
    const auto [low, high] = rate_interval(normal, false_positive_rate);
    std::printf("calibrated for a false-positive rate of %g; with %zu pictures the true rate may be anything "
                "from %.2g%% to %.2g%%\n",
                false_positive_rate, normal, 100 * low, 100 * high);
    std::printf("%-15s %7s %5s %12s %12s %9s %7s %9s %9s %9s\n", "method", "normal", "bad", "normal mean",
                "threshold", "false pos", "AUROC", "true pos", "synthetic", "true pos");
    for (const auto &method : methods) print_line(method);
    std::fflush(stdout);
}

void warn_of_poor_separation(const std::vector<CalibratedMethod> &methods) {
    constexpr double kGood = 0.9;
    const auto best = recommended_method(methods);
    const auto &method = *std::ranges::find(methods, best, &CalibratedMethod::name);
    const double found = area_of(method);
    if (!(found < kGood)) return;
    const bool synthetic = method.bad.empty();
    log_warning(std::string("this detector does not tell good pictures well from ") +
                (synthetic ? "such with synthetic defects" : "the bad ones") + ": its best method, " + best +
                ", has an AUROC of " +
                area(synthetic ? method.whole : method.normal, synthetic ? method.defective : method.bad) +
                " (0.5 is guessing). Do not rely on it: take pictures that differ less in light and place, "
                "give more of them, raise --extent where defects are small, or train for longer");
}

} // namespace mirra::trainer
