// A bundle of the task "detect" as the evaluations see it, and scoring with it.
#pragma once

#include "eval/anomaly_measurement.hpp"
#include "eval/anomaly_scorer.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mirra::trainer {

struct DetectorInfo {
    std::filesystem::path path;
    std::string name;
    std::int64_t extent = 0;
    std::vector<std::string> methods;         ///< that it can be asked for
    std::map<std::string, double> thresholds; ///< by method; none without calibration
    std::string identity;                     ///< of all that its scores depend on
};

/// @throws Error mismatch (a bundle of another task, without an extent) | as Bundle::open()
DetectorInfo detector_info(const std::filesystem::path &path);

/// Those asked for, or all that the detector has. @throws Error invalid_argument | mismatch (it has not)
std::vector<std::string> methods_of(const DetectorInfo &detector, const std::vector<std::string> &asked);

/// How to score.
struct ScoringSettings {
    std::int64_t iterations = 0; ///< of the search; 0: the task's own
    std::int64_t batch = 16;
    std::uint64_t seed = 0;
    int threads = 0;
    std::string device = "cpu";
    std::filesystem::path work = {}; ///< folder where scores are kept; empty: they are not
};

AnomalyScorer::Options scorer_options(const std::string &method, const ScoringSettings &settings, bool heat);

/// What the scorer finds. @throws Interrupted after Ctrl-C | Error
AnomalyResult judge(AnomalyScorer &scorer, const torch::Tensor &pictures);

/// Scores of all pictures by one method, those that are kept taken from there.
/// @throws Interrupted after Ctrl-C
AnomalyMeasurement measure(const DetectorInfo &detector, const std::string &method,
                           std::shared_ptr<const AnomalySet> set, const ScoringSettings &settings);

} // namespace mirra::trainer
