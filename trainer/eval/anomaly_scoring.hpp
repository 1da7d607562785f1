// Scores of pictures by the plugin that hosts use, so that what is calibrated and measured is what they
// see.
#pragma once

#include "data/picture_set.hpp"
#include "eval/evaluation.hpp"
#include "eval/float_picture.hpp"
#include "eval/statistics.hpp"
#include "mirra/image.hpp"
#include "runtime/torch/libtorch.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct AnomalyResult {
    std::vector<double> scores;      ///< one a picture, larger is more anomalous
    std::vector<torch::Tensor> heat; ///< {extent, extent} each; empty unless asked for
};

/// A session of the task "detect". Not thread-safe.
class AnomalyScorer {
  public:
    struct Options {
        std::string method;          ///< of the task's choices, such as "reconstruction"
        std::int64_t batch = 16;     ///< pictures judged in one run
        bool heat = false;           ///< whether heat maps are wanted
        std::uint64_t seed = 0;      ///< of the latent search
        std::int64_t iterations = 0; ///< of the latent search; 0: the task's own
        int threads = 0;             ///< 0: all
        std::string device = "cpu";
        double pixel_weight = 0, feature_weight = 0; ///< of the score; 0: the bundle's
    };

    /// @throws Error not_found (bundle, plugin) | mismatch (a bundle of another task) | device
    AnomalyScorer(const std::filesystem::path &bundle, const Options &options);
    /// Fails early, before hours of training, where the task or the runtime is missing.
    /// @throws Error not_found | device
    static void check();

    /// @param pictures  {N, 3, h, w}, RGB in [0, 1], on any device; resampled to the bundle's extent
    /// @throws Error cancelled after Ctrl-C, else as a run of the task
    AnomalyResult score(const torch::Tensor &pictures);
    /// One picture by itself, as a host judges the picture in a file: no other beside it, in its own size.
    double score(image::Image picture);

  private:
    void score_group(const torch::Tensor &pictures, AnomalyResult &out);

    Options options_;
    HostTask task_;
};

class AnomalySet {
  public:
    /// One class is normal, the others are not.
    /// @param count  pictures, half of them normal, the others evenly from the other classes, each class's
    /// spaced over its pictures; fewer where a class has fewer; 0: all
    static AnomalySet one_class(std::shared_ptr<PictureSet> pictures, std::int32_t normal,
                                std::int64_t count);
    /// @param count  at most so many of either; 0: all
    static AnomalySet good_and_bad(std::shared_ptr<PictureSet> good, std::shared_ptr<PictureSet> bad,
                                   std::int64_t count);

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] bool anomalous(std::size_t index) const { return entries_[index].anomalous; }
    /// The class, or the last name of the file.
    [[nodiscard]] const std::string &label(std::size_t index) const { return entries_[index].label; }
    /// Tells the picture from all others of the same data, however many of them are measured.
    [[nodiscard]] const std::string &key(std::size_t index) const { return entries_[index].key; }
    /// Resized as in training; nothing for one that cannot be read.
    [[nodiscard]] std::optional<FloatPicture> get(std::size_t index, std::int64_t extent) const;
    [[nodiscard]] std::uint64_t fingerprint() const;

  private:
    struct Entry {
        PictureSet *set = nullptr;
        std::int64_t index = 0;
        bool anomalous = false;
        std::string label, key;
    };
    std::vector<std::shared_ptr<PictureSet>> sets_;
    std::vector<Entry> entries_;
};

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
