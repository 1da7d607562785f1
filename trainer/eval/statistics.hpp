// Means, intervals and areas under curves, with their errors.
#pragma once

#include "eval/float_picture.hpp"
#include "report/plot.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace mirra::trainer {

/// Mean and standard deviation over values, which are kept.
class Statistic {
  public:
    void add(double value);
    [[nodiscard]] std::int64_t count() const { return std::ssize(values_); }
    [[nodiscard]] double mean() const; ///< NaN without a value
    [[nodiscard]] double deviation() const;
    [[nodiscard]] const std::vector<double> &values() const { return values_; }

  private:
    std::vector<double> values_;
    double mean_ = 0, squares_ = 0;
};

/// Of the mean, its values taken as independent; 0 for fewer than two.
double standard_error(const Statistic &statistic);

/// Of one method less another on the same pictures, one by one. @throws Error internal (not as many of both)
Statistic differences(const Statistic &of, const Statistic &reference);

/// Whether differences are more than chance: their mean is larger than twice its standard error. The one rule
/// for all comparisons (docs/measurements/index.md).
bool counts(const Statistic &differences);
bool counts(double difference, double error);

/// "a less b: +0.431 dB (0.021), paired over 18 pictures", and "within the errors" where it does not count.
/// @param over  "18 pictures"
std::string difference_line(const std::string &what, double difference, double error, const std::string &unit,
                            const std::string &over);

/// The same of a mean of differences; empty for a single picture.
std::string paired_line(const std::string &what, const Statistic &differences, const std::string &unit,
                        const std::string &each);

/// Of pictures to their references, as the paper has it.
struct Similarity {
    Statistic psnr;       ///< dB, per picture over RGB in [0, 1], not quantised
    Statistic ssim;       ///< per picture; of those whose sides are 11 pixels at least
    Statistic lpips = {}; ///< per picture, filled in by those who have its weights

    void add(const FloatPicture &picture, const FloatPicture &reference);
};

/// Two-sided interval of 95 % for a share (Wilson 1927).
struct Interval {
    double low = 0, high = 0;
};
Interval confidence(std::int64_t hits, std::int64_t count);

/// The share of pairs in which the anomalous picture has the larger score, a tie counting half (the
/// Mann-Whitney statistic). NaN where a side is empty.
double auroc(std::span<const double> normal, std::span<const double> anomalous);

/// Scores by what the pictures are.
struct LabelledScores {
    std::vector<double> normal, anomalous;
};

/// (false-positive rate, true-positive rate) from (0, 0) to (1, 1), a point a distinct score.
/// @throws Error invalid_argument when there are none of one kind
std::vector<PlotPoint> roc_curve(const LabelledScores &scores);

/// The mean of the curves' true-positive rates at evenly spaced false-positive rates.
std::vector<PlotPoint> mean_roc(const std::vector<std::vector<PlotPoint>> &curves);

/// Standard error of an AUROC (Hanley and McNeil 1982).
double auroc_error(double auroc, std::size_t normal, std::size_t anomalous);

/// Shares of the pictures whose score is above a threshold.
struct Rates {
    double false_positive = 0, true_positive = 0;
};
Rates rates_above(double threshold, const LabelledScores &scores);

} // namespace mirra::trainer
