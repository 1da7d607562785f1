// What an evaluation of anomaly detectors finds, prints and draws.
#pragma once

#include "eval/anomaly_scoring.hpp"
#include "eval/paper.hpp"
#include "report/table.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
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
/// Shares of normal and anomalous pictures over the logarithm of their scores.
/// @throws Error invalid_argument (no scores)
Plot score_histogram(const std::string &title, const LabelledScores &scores, std::optional<double> threshold);

/// A panel a model and method; scores of several classes are divided by the median of the class's normal
/// ones. @throws Error io
void write_score_histograms(const std::filesystem::path &path,
                            const std::vector<AnomalyMeasurement> &measurements);
/// Of every model and method: the normal pictures with the highest scores, the anomalous with the lowest.
/// @throws Error io
void write_hardest(const std::filesystem::path &path, const std::vector<AnomalyMeasurement> &measurements,
                   std::size_t count);

struct DetectorInfo {
    std::filesystem::path path;
    std::string name;
    std::map<std::string, std::int64_t> extents; ///< by method: of the pictures that it judges
    std::vector<std::string> methods;            ///< that it can be asked for
    std::map<std::string, double> thresholds;    ///< by method; none without calibration
    std::string identity;                        ///< of all that its scores depend on
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

/// The columns with an AUROC and its error between them.
std::vector<Column> with_auroc(std::vector<Column> columns, std::vector<Column> rest);

/// A row an encoder, class and method; the paper's figures stand beside.
class OneVsAllTable : public Table {
  public:
    OneVsAllTable();
    /// @param classes  of the data, by which the paper's figure is found
    void add(const AnomalyMeasurement &measurement, const std::vector<std::string> &classes);
    /// The means of the classes, model by model and method by method.
    /// @returns their lines, and below them what is to be known of the paper's
    std::string add_means(const std::vector<AnomalyMeasurement> &measurements,
                          const std::vector<std::string> &classes);

  private:
    /// @param counts  of normal and of anomalous pictures
    void add(const AnomalyMeasurement &measurement, const std::string &shown, const std::string &name,
             std::pair<std::size_t, std::size_t> counts, const Auroc &area,
             const std::optional<PaperAuroc> &paper);
};

/// A row a method of one detector.
class PartsTable : public Table {
  public:
    PartsTable();
    void add(const AnomalyMeasurement &measurement);

  private:
    static constexpr std::size_t kColumns = 9;
};

} // namespace mirra::trainer
