// What an evaluation of anomaly detectors finds, and how it is reported.
#pragma once

#include "eval/anomaly_scores.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// One bundle, one method, one set of pictures.
struct AnomalyMeasurement {
    std::string model;      ///< the encoder's name, or the bundle's
    std::string class_name; ///< that is normal; empty: good and bad parts
    std::string method;
    std::optional<bool> robust; ///< the encoder's training; none: not known
    std::shared_ptr<const AnomalySet> set = {};
    std::vector<double> scores = {};
    std::optional<double> threshold = {}; ///< that the bundle stores
    std::int64_t extent = 0;              ///< that pictures are resized to

    [[nodiscard]] LabelledScores labelled() const { return trainer::labelled(*set, scores); }
};

/// Area under the curve with its standard error.
struct Auroc {
    double value = 0, error = 0;
};
/// @throws Error invalid_argument when no picture of one kind could be scored
Auroc auroc_of(const LabelledScores &scores);
/// Of independent ones.
Auroc mean_of(const std::vector<Auroc> &all);

/// Measurements of the same model and method, in the order of their first.
std::vector<std::vector<const AnomalyMeasurement *>>
by_method(const std::vector<AnomalyMeasurement> &measurements);

/// A curve a model and method, over its classes the mean of theirs. @throws Error io
void write_roc(const std::filesystem::path &path, const std::vector<AnomalyMeasurement> &measurements);
/// A panel a model and method; scores of several classes are divided by the median of the class's normal
/// ones. @throws Error io
void write_score_histograms(const std::filesystem::path &path,
                            const std::vector<AnomalyMeasurement> &measurements);
/// Of every model and method: the normal pictures with the highest scores, the anomalous with the lowest.
/// @throws Error io
void write_hardest(const std::filesystem::path &path, const std::vector<AnomalyMeasurement> &measurements,
                   std::size_t count);

} // namespace mirra::trainer
