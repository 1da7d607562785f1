// Batches made by threads ahead of the training step. Batch k depends on the seed and k alone, so that
// resuming needs no state.
#pragma once

#include "data/picture_set.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace mirra::trainer {

/// Thread t makes every n-th batch, so that order needs no sorting.
template<class Batch> class BatchLoader {
  public:
    /// Starts the threads. @param make  the batch of a step; called from any of the threads
    BatchLoader(std::function<Batch(std::int64_t step)> make, int threads, std::int64_t first_step)
        : make_(std::move(make))
        , first_step_(first_step)
        , next_step_(first_step)
        , lanes_(static_cast<std::size_t>(std::max(1, threads))) {
        for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
            threads_.emplace_back([this, lane] { work(lane); });
    }
    BatchLoader(const BatchLoader &) = delete;
    BatchLoader &operator=(const BatchLoader &) = delete;
    ~BatchLoader() {
        {
            const std::scoped_lock lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
    }

    /// The next batch, in order of steps. Rethrows a thread's error. One caller.
    Batch next() {
        auto &lane = lanes_[static_cast<std::size_t>(next_step_ - first_step_) % lanes_.size()];
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !lane.ready.empty() || lane.failure; });
        if (lane.ready.empty()) std::rethrow_exception(lane.failure);
        auto batch = std::move(lane.ready.front());
        lane.ready.pop_front();
        ++next_step_;
        changed_.notify_all();
        return batch;
    }

  private:
    struct Lane {
        std::deque<Batch> ready;
        std::exception_ptr failure;
    };

    void work(std::size_t index) {
        constexpr std::size_t kAhead = 2; // batches that a thread keeps ready
        auto &lane = lanes_[index];
        const auto stride = static_cast<std::int64_t>(lanes_.size());
        try {
            for (auto step = first_step_ + static_cast<std::int64_t>(index);; step += stride) {
                auto batch = make_(step);
                std::unique_lock lock(mutex_);
                changed_.wait(lock, [&] { return stopping_ || lane.ready.size() < kAhead; });
                if (stopping_) return;
                lane.ready.push_back(std::move(batch));
                changed_.notify_all();
            }
        } catch (...) {
            const std::scoped_lock lock(mutex_);
            lane.failure = std::current_exception();
            changed_.notify_all();
        }
    }

    std::function<Batch(std::int64_t)> make_;
    std::int64_t first_step_, next_step_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::vector<Lane> lanes_;
    std::vector<std::jthread> threads_;
};

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
    ClassLoader(PictureSet &set, const ClassLoaderOptions &options, std::int64_t first_step);
    ClassBatch next() { return loader_->next(); }
    /// Batches of an epoch.
    [[nodiscard]] static std::int64_t steps_per_epoch(std::int64_t pictures,
                                                      const ClassLoaderOptions &options) {
        return pictures / (options.batch * options.world);
    }

  private:
    ClassBatch make(std::int64_t step);
    std::shared_ptr<const std::vector<std::int64_t>> order(std::int64_t epoch);

    PictureSet &set_;
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
ClassBatch evaluation_batch(PictureSet &set, std::span<const std::int64_t> indices, std::int64_t extent);

/// How a crop is cut from a picture.
struct CropCut {
    std::shared_ptr<const image::Image> picture; ///< RGB, 8 bits
    std::int64_t index = 0;                      ///< of the picture in its set
    std::int64_t left = 0, top = 0;
    bool flip_x = false, flip_y = false; ///< mirrored
    bool turn = false;                   ///< and then rows become columns
};

/// Crop x crop x 3 bytes into `out`; a picture smaller than the crop has its edges replicated.
void cut_crop(const CropCut &cut, std::int64_t crop, std::uint8_t *out);

/// 8-bit RGB crops, batch x height x width x 3.
struct CropBatch {
    std::int64_t step = 0;
    std::vector<CropCut> cuts;
    std::vector<std::uint8_t> pixels; ///< empty: the crops are to be cut elsewhere
};

/// Fills the pixels of a batch.
void cut_crops(CropBatch &batch, std::int64_t crop);

/// Batches of random crops.
class CropLoader {
  public:
    struct Options {
        std::int64_t batch = 16, crop = 128;
        bool flips = true, rotations = true;
        std::uint64_t seed = 0;
        int threads = 1;
        /// Asked before each batch, from any of the threads: whether its crops are cut elsewhere.
        std::function<bool()> elsewhere = {};
    };
    /// Starts the threads; the first batch is that of `first_step`. The set must outlive the loader.
    CropLoader(PictureSet &set, const Options &options, std::int64_t first_step);

    /// The next batch, in order of steps. Rethrows a thread's error. One caller.
    CropBatch next() { return loader_.next(); }

  private:
    CropBatch make(std::int64_t step);
    CropCut draw(std::int64_t step, std::int64_t sample);

    PictureSet &set_;
    Options options_;
    BatchLoader<CropBatch> loader_; // last: its threads use the members above
};

} // namespace mirra::trainer
