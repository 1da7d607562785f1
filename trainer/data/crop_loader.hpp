// Batches of random crops, made by threads ahead of the training step. Batch k depends on (seed, k) alone.
#pragma once

#include "data/image_set.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <thread>
#include <vector>

namespace mirra::trainer {

/// 8-bit RGB crops, batch x height x width x 3.
struct CropBatch {
    std::int64_t step = 0;
    std::vector<std::uint8_t> pixels;
};

class CropLoader {
  public:
    struct Options {
        std::int64_t batch = 16, crop = 128;
        bool flips = true, rotations = true;
        std::uint64_t seed = 0;
        int threads = 1;
    };
    /// Starts the threads; the first batch is that of `first_step`. The set must outlive the loader.
    CropLoader(ImageSet &set, const Options &options, std::int64_t first_step);
    CropLoader(const CropLoader &) = delete;
    CropLoader &operator=(const CropLoader &) = delete;
    ~CropLoader();

    /// The next batch, in order of steps. Rethrows a thread's error. One caller.
    CropBatch next();

  private:
    struct Lane {
        std::deque<CropBatch> ready;
        std::exception_ptr failure;
    };
    void work(std::size_t lane);
    CropBatch make(std::int64_t step);
    void fill(std::int64_t step, std::int64_t sample, std::uint8_t *out);

    ImageSet &set_;
    Options options_;
    std::int64_t first_step_, next_step_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::vector<Lane> lanes_;
    std::vector<std::jthread> threads_;
};

} // namespace mirra::trainer
