// How close the pictures of a held-out set come back from a network.
#pragma once

#include "data/picture_set.hpp"
#include "eval/similarity.hpp"
#include "runtime/torch/libtorch.hpp"

#include <functional>

namespace mirra::trainer {

struct ReconstructionOptions {
    std::int64_t pictures = 100; ///< at most, spread over the set, which may be in the order of its classes
    std::int64_t extent = 0;
    torch::Device device = torch::kCPU;
};

/// PSNR and SSIM of `reconstruct`'s pictures. Those that cannot be read are left out.
/// @param reconstruct  [N, 3, extent, extent] in [0, 1] -> the same, called without gradients
Similarity reconstruction_similarity(PictureSet &set, const ReconstructionOptions &options,
                                     const std::function<torch::Tensor(const torch::Tensor &)> &reconstruct);

} // namespace mirra::trainer
