// Scoring and measuring.
#include "tasks/anomaly_calibration.hpp"

#include "eval/anomaly_scoring.hpp"
#include "eval/statistics.hpp"
#include "log/log.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <set>

namespace mirra::trainer {
namespace {

const std::string kReconstruction = "reconstruction", kMemory = "feature-memory", kSearch = "latent-search";

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

AnomalyScorer::Options options_of(const std::string &method, const AnomalyTraining &training) {
    AnomalyScorer::Options options;
    options.method = method;
    options.threads = training.command.threads;
    options.device = training.command.device;
    return options;
}

/// What hosts will find for these pictures, evenly spaced over the set: each by itself, from its file.
/// Pictures that were brought to the extent before, in 8 bits, or judged in company, have a little other
/// scores. One that gives none by now is skipped: it must not end a training that is done.
/// @param lost  names of those that were skipped before
std::vector<double> scores_of(AnomalyScorer &scorer, const PictureSet &set, const std::string &method,
                              const AnomalyTraining &training, std::set<std::string> &lost) {
    const auto &settings = training.settings;
    const auto most = method == kSearch ? settings.search_pictures : settings.calibration_pictures;
    const auto taken = std::min(most, set.size());
    std::vector<double> scores;
    for (std::int64_t i = 0; i < taken; ++i) {
        const auto index = i * set.size() / taken;
        if (lost.contains(set.name(index))) continue;
        try {
            scores.push_back(scorer.score(set.original(index)));
        } catch (const Error &error) {
            if (error.code() == ErrorCode::cancelled) throw;
            lost.insert(set.name(index));
            log_warning("skipped " + set.name(index) + ": " + error.what());
        }
    }
    return scores;
}

std::vector<double> normal_scores(AnomalyScorer &scorer, const std::string &method,
                                  const AnomalyTraining &training, std::set<std::string> &lost) {
    const auto &set = *training.pictures.normal;
    auto scores = scores_of(scorer, set, method, training, lost);
    if (scores.empty())
        throw Error(ErrorCode::corrupt, "none of the normal pictures that calibrate the scores can be judged",
                    set.name(0), "repair the files; the same command goes on from here");
    return scores;
}

} // namespace

double balanced_pixel_weight(const std::filesystem::path &bundle, const AnomalyTraining &training) {
    constexpr double kNothing = 1e-20, kLeast = 1e-12;
    std::set<std::string> lost;
    const auto part = [&](double pixel_weight, double feature_weight) {
        auto options = options_of(kReconstruction, training);
        options.pixel_weight = pixel_weight;
        options.feature_weight = feature_weight;
        AnomalyScorer scorer(bundle, options);
        return median(normal_scores(scorer, kReconstruction, training, lost));
    };
    const double pixels = part(1, kNothing), features = part(kNothing, 1);
    return std::max(kLeast, training.settings.feature_weight * features / std::max(pixels, kLeast));
}

std::vector<CalibratedMethod> calibrate_methods(const std::filesystem::path &bundle,
                                                const AnomalyTraining &training) {
    std::vector<std::string> names{kReconstruction, kSearch};
    if (training.settings.memory_members > 0) names.insert(names.begin(), kMemory);
    std::vector<CalibratedMethod> out;
    std::set<std::string> lost;
    for (const auto &name : names) {
        CalibratedMethod method{.name = name, .key = name, .calibration = {}, .normal = {}, .bad = {}};
        std::ranges::replace(method.key, '-', '_');
        log_info("calibrating " + name);
        AnomalyScorer scorer(bundle, options_of(name, training));
        method.normal = normal_scores(scorer, name, training, lost);
        if (training.pictures.bad)
            method.bad = scores_of(scorer, *training.pictures.bad, name, training, lost);
        method.calibration = calibrate(method.normal, method.bad, training.settings.false_positive_rate);
        out.push_back(std::move(method));
    }
    return out;
}

std::string recommended_method(const std::vector<CalibratedMethod> &methods) {
    const auto area = [](const CalibratedMethod &method) {
        return method.bad.empty() ? 0 : auroc(method.normal, method.bad);
    };
    return std::ranges::max_element(methods, {}, area)->name; // the first of equal ones
}

void print_calibration(const std::vector<CalibratedMethod> &methods, double false_positive_rate) {
    std::printf("calibrated for a false-positive rate of %g\n", false_positive_rate);
    std::printf("%-15s %7s %5s %12s %12s %7s %9s %9s\n", "method", "normal", "bad", "normal mean",
                "threshold", "AUROC", "false pos", "true pos");
    for (const auto &method : methods) {
        const auto count = static_cast<double>(method.normal.size());
        const double mean = std::accumulate(method.normal.begin(), method.normal.end(), 0.0) / count;
        const auto rates = rates_above(method.calibration.threshold, {method.normal, method.bad});
        std::printf("%-15s %7zu %5zu %12.5g %12.5g", method.name.c_str(), method.normal.size(),
                    method.bad.size(), mean, method.calibration.threshold);
        if (method.bad.empty())
            std::printf(" %7s %8.1f%% %9s\n", "", 100 * rates.false_positive, "");
        else
            std::printf(" %7.4f %8.1f%% %8.1f%%\n", auroc(method.normal, method.bad),
                        100 * rates.false_positive, 100 * rates.true_positive);
    }
    std::fflush(stdout);
}

} // namespace mirra::trainer
