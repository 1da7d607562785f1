// Augmented batches of labelled pictures, epoch by epoch, and plain ones for evaluation.
#pragma once

#include "data/batch_loader.hpp"
#include "data/class_set.hpp"

#include <span>

namespace mirra::trainer {

/// 8-bit RGB, batch x extent x extent x 3, and a label a picture.
struct ClassBatch {
    std::int64_t extent = 0;
    std::vector<std::uint8_t> pixels;
    std::vector<std::int64_t> labels;
};

struct Augmentation {
    enum class Crop : std::uint8_t {
        pad, ///< a random crop of the picture with `padding` black pixels around it, as is usual for CIFAR-10
        resized ///< a random part of `smallest_area` to all of the picture, aspect 3:4 to 4:3, as for
                ///< ImageNet
    };
    Crop crop = Crop::resized;
    std::int64_t padding = 4;
    double smallest_area = 0.35;
    bool flips = true; ///< left and right
    double color = 0;  ///< brightness, contrast and saturation are scaled by 1 - color to 1 + color
};

/// Smaller pictures for the first epochs, which cost less (progressive resizing).
struct Growth {
    std::int64_t epochs = 0, extent = 0;
};

struct ClassLoaderOptions {
    std::int64_t batch = 128;        ///< of this process
    std::int64_t extent = 32;        ///< of the pictures in a batch, once they have grown
    std::vector<Growth> growth = {}; ///< one after the other, before `extent`
    Augmentation augmentation;
    std::uint64_t seed = 0;
    int threads = 1;
    std::int64_t rank = 0, world = 1; ///< this process takes its part of every batch of batch x world

    [[nodiscard]] std::int64_t extent_in(std::int64_t epoch) const;
};

/// Every picture once an epoch, in an order that depends on seed and epoch; an epoch's rest that fills no
/// batch is left out (the order changes each time). The set must outlive the loader.
class ClassLoader {
  public:
    /// @throws Error invalid_argument when the set is smaller than a batch of all processes
    ClassLoader(ClassSet &set, const ClassLoaderOptions &options, std::int64_t first_step);
    ClassBatch next() { return loader_->next(); }
    /// Batches of an epoch.
    [[nodiscard]] static std::int64_t steps_per_epoch(std::int64_t pictures,
                                                      const ClassLoaderOptions &options) {
        return pictures / (options.batch * options.world);
    }

  private:
    ClassBatch make(std::int64_t step);
    std::shared_ptr<const std::vector<std::int64_t>> order(std::int64_t epoch);

    ClassSet &set_;
    ClassLoaderOptions options_;
    std::mutex mutex_;
    std::int64_t epoch_ = -1;
    std::shared_ptr<const std::vector<std::int64_t>> order_;
    std::unique_ptr<BatchLoader<ClassBatch>> loader_; // last: its threads use the members above
};

/// Short side, extent x 8/7 rounded up, at which pictures are kept for crops of `extent` (ImageNet's custom).
std::int64_t side_for_crops(std::int64_t extent);

/// Pictures of a set for evaluation: reduced so that the centre's extent x extent is cut from a short side of
/// extent x 8/7 (ImageNet's custom), or as they are where they have that extent already. One that cannot be
/// read is left out.
ClassBatch evaluation_batch(ClassSet &set, std::span<const std::int64_t> indices, std::int64_t extent);

} // namespace mirra::trainer
