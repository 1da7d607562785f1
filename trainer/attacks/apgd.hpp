// Auto-PGD (Croce and Hein 2020): PGD with momentum that halves its own step size. No parameter to tune.
#pragma once

#include "attacks/noise.hpp"

namespace mirra::trainer {

enum class ApgdLoss { cross_entropy, dlr };

struct ApgdOptions {
    Budget budget;
    ApgdLoss loss = ApgdLoss::cross_entropy; ///< of apgd(); apgd_targeted() climbs the targeted DLR loss
    int iterations = 100;
    double rho = 0.75;        ///< share of steps that must raise the loss for the step size to stay
    std::int64_t targets = 9; ///< classes that apgd_targeted() tries, at most K - 1
};

/// Starts at random_start(); an image stops at its first misclassified iterate.
/// @param images  [N, 3, H, W] fp32 in [0, 1]; @param labels  int64 [N]
/// @returns a misclassified iterate of every image that has one, else that of highest loss
torch::Tensor apgd(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                   const ApgdOptions &options, const Randomness &randomness);

/// A run a target class, in the order of the logits; each on the images that the ones before left standing.
torch::Tensor apgd_targeted(const Classifier &classifier, const torch::Tensor &images,
                            const torch::Tensor &labels, const ApgdOptions &options,
                            const Randomness &randomness);

} // namespace mirra::trainer
