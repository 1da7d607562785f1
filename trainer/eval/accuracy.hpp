// How many pictures a classifier gets right, clean or attacked.
#pragma once

#include "attacks/attack.hpp"
#include "data/class_loader.hpp"

#include <functional>

namespace mirra::trainer {

/// A batch as [N, 3, extent, extent], fp32 in [0, 1], channels last.
torch::Tensor to_images(const ClassBatch &batch, const torch::Device &device);

struct AccuracyOptions {
    std::vector<std::int64_t> pictures; ///< of the set, by index
    std::int64_t extent = 0, batch = 0;
    torch::Device device = torch::kCPU;
};

/// Moves images where the classifier errs. Called on batches that lie on the device.
using Perturbation = std::function<torch::Tensor(const torch::Tensor &images, const torch::Tensor &labels)>;

/// @param attack  none: clean pictures
/// @returns the pictures that are classified right
std::int64_t count_correct(ClassSet &set, const AccuracyOptions &options, const Classifier &classifier,
                           const Perturbation &attack = {});

} // namespace mirra::trainer
