// The network of an anomaly detector that marks defects: it learns from good pictures alone to find what was
// pasted onto them.
#pragma once

#include "core/graph_module.hpp"
#include "core/optimizer.hpp"
#include "core/readings.hpp"
#include "core/recipe.hpp"
#include "core/recorded_step.hpp"
#include "data/loaders.hpp"
#include "data/pasted_defects.hpp"
#include "data/picture_set.hpp"
#include "runtime/torch/libtorch.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mirra::trainer {

struct SegmentationRecipe {
    std::int64_t steps = 3000; ///< 0: no such network
    std::int64_t batch = 8;
    std::int64_t extent = 0; ///< 0: as other methods have it, but at least kLeastExtent
    std::int64_t crop = 256; ///< height and width of what a step sees of a picture at most
    std::vector<std::int64_t> channels{16, 32, 64, 64, 64};
    double rate = 2e-3;
    double clean = 0.4; ///< share of the pictures that stay without a defect
    bool flips = true;
    double average_decay = 0.99;

    static constexpr std::int64_t kLeastExtent = 256;
    static constexpr const char *kRate = "segmentation.rate";
    /// The keys segmentation.*
    void declare(RecipeKeys &keys);
};

/// Pictures with defects and where they are, as the network takes them.
struct PastedBatch {
    std::vector<float> pictures, masks; ///< {batch, crop, crop, 3} normalised, {batch, crop, crop}
};

/// As many decoded pictures of extent x extent as are kept in memory.
std::int64_t most_pictures(std::int64_t extent);

/// The pictures of a set, at most so many and most_pictures(), evenly spaced, as 8-bit RGB of extent x
/// extent; those that cannot be read are left out. @throws Error corrupt (none of them can)
std::vector<std::vector<std::uint8_t>> square_pixels(PictureSet &set, std::int64_t extent, std::int64_t most);

/// What the network is to make smaller: the focal loss of the pixels, the dice loss of the batch, and the
/// cross entropy of each picture by its most suspicious pixels.
struct SegmentationLoss {
    torch::Tensor focal, dice, picture;
    [[nodiscard]] torch::Tensor total() const;
};
/// @param logits  {N, 1, H, W} @param mask  {N, H, W}, 0 or 1
SegmentationLoss segmentation_loss(const torch::Tensor &logits, const torch::Tensor &mask);

class SegmentationTraining {
  public:
    struct Options {
        std::uint64_t seed = 0;
        int loader_threads = 1;
        torch::Device device = torch::kCPU;
        bool bf16 = false;
        runtime::WorkRecorder *recorder = nullptr; ///< see RecordedStep
    };
    /// @throws Error invalid_argument (extent, channels)
    SegmentationTraining(const SegmentationRecipe &recipe, PictureSet &good, const Options &options);

    /// Before the first step that is made. @param step  its number
    void start(std::int64_t step);
    /// After the last one: nothing is made ahead, nor kept on a GPU, any more.
    void stop() {
        loader_.reset();
        recorded_.reset();
    }
    /// Names of what step() sets: the loss, its parts and the rate.
    static std::vector<std::string> columns() {
        return {"loss", "focal_loss", "dice_loss", "picture_loss", "rate"};
    }
    void step(std::int64_t step, Readings &readings);
    [[nodiscard]] std::int64_t steps() const { return recipe_.steps; }
    /// All that changes; names begin with "segmentation.".
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const;
    [[nodiscard]] const graph::Graph &graph() const { return network_->graph(); }
    /// Means over the last steps, as the bundle gets them.
    [[nodiscard]] bundle::Weights weights();

  private:
    [[nodiscard]] PastedBatch make(std::int64_t step) const;
    /// Makes the gradients. The losses, without their history.
    SegmentationLoss backward(const torch::Tensor &pictures, const torch::Tensor &masks);
    void add_crop(const PastedSample &sample, std::int64_t step, std::int64_t index, PastedBatch &out) const;

    SegmentationRecipe recipe_;
    Options options_;
    Schedule schedule_;
    std::unique_ptr<DefectPaster> paster_;
    std::shared_ptr<GraphModule> network_;
    std::unique_ptr<Adam> adam_;
    std::unique_ptr<WeightAverage> average_;
    std::unique_ptr<RecordedStep> recorded_;
    std::unique_ptr<BatchLoader<PastedBatch>> loader_; // last: its threads use the members above
};

} // namespace mirra::trainer
