// Scores of pictures by the plugin that hosts use, so that what is calibrated and measured is what they see.
#pragma once

#include "mirra/image.hpp"
#include "runtime/torch/libtorch.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
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
    ~AnomalyScorer();
    AnomalyScorer(const AnomalyScorer &) = delete;
    AnomalyScorer &operator=(const AnomalyScorer &) = delete;

    /// @param pictures  {N, 3, h, w}, RGB in [0, 1], on any device; resampled to the bundle's extent
    /// @throws Error cancelled after Ctrl-C, else as a run of the task
    AnomalyResult score(const torch::Tensor &pictures);
    /// One picture by itself, as a host judges the picture in a file: no other beside it, in its own size.
    double score(image::Image picture);

  private:
    struct State;
    void score_group(const torch::Tensor &pictures, AnomalyResult &out);

    Options options_;
    std::unique_ptr<State> state_;
};

} // namespace mirra::trainer
