// Scores of an evaluation, kept in a file so that it can be stopped and gone on with.
#pragma once

#include "eval/anomaly_set.hpp"
#include "eval/roc.hpp"
#include "runtime/torch/libtorch.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// Scores by the pictures' keys.
class KeptScores {
  public:
    /// Takes the file's scores if there is one with the same settings.
    /// @param file      empty: nothing is kept
    /// @param settings  all that the scores depend on, in one line
    KeptScores(std::filesystem::path file, std::string settings);

    [[nodiscard]] std::optional<double> find(const std::string &key) const;
    void add(const std::string &key, double score) { scores_[key] = score; }
    /// @throws Error io
    void save() const;

  private:
    std::filesystem::path file_;
    std::string settings_;
    std::map<std::string, double> scores_;
};

/// Scores of pictures {N, 3, extent, extent}.
using PictureScorer = std::function<std::vector<double>(const torch::Tensor &)>;

struct ScoringRun {
    std::int64_t extent = 0, batch = 16;
    std::string name; ///< in the progress
};

/// The scores of all pictures of the set, not a number for those that cannot be read. Only pictures whose
/// score is not kept are scored, batch by batch, each of which is kept at once.
/// @throws Interrupted after Ctrl-C
std::vector<double> score_pictures(const AnomalySet &set, KeptScores &kept, const PictureScorer &scorer,
                                   const ScoringRun &run);

/// By what the pictures are; those without a score left out.
LabelledScores labelled(const AnomalySet &set, const std::vector<double> &scores);

} // namespace mirra::trainer
