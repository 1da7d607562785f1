// Batches of random crops, made by threads ahead of the training step. Batch k depends on (seed, k) alone.
#pragma once

#include "data/batch_loader.hpp"
#include "data/image_set.hpp"

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

    /// The next batch, in order of steps. Rethrows a thread's error. One caller.
    CropBatch next() { return loader_.next(); }

  private:
    CropBatch make(std::int64_t step);
    void fill(std::int64_t step, std::int64_t sample, std::uint8_t *out);

    ImageSet &set_;
    Options options_;
    BatchLoader<CropBatch> loader_; // last: its threads use the members above
};

} // namespace mirra::trainer
