// Projected gradient descent (Madry et al. 2018): the attack of adversarial training.
#pragma once

#include "attacks/noise.hpp"

namespace mirra::trainer {

struct PgdOptions {
    Budget budget;
    int steps = 7;
    double step_size = 0.5;    ///< in the units of the budget
    bool random_start = false; ///< start at random_start(), not at the image
    bool best_iterate = true;  ///< return the iterate of highest loss, at the price of one more pass forward
    bool targeted = false;     ///< the labels are classes to reach, not to leave
};

/// 2.5 epsilon over the steps: lets every iterate reach the boundary of the ball (Madry et al. 2018).
double usual_step_size(double epsilon, std::int64_t steps);

/// What a run saw on its way; costs no pass.
struct PgdTrace {
    /// int64 [N]: the steps after which an image was first misclassified, 0 when it started so, `steps` when
    /// it held up to the last step (kappa of Zhang et al. 2021). For a targeted run: steps to the target.
    torch::Tensor steps_to_fool;
    /// [steps (+ 1 with best_iterate), N]: the loss that is climbed, of the start and after every step.
    torch::Tensor losses;
};

/// @param images  [N, 3, H, W] fp32 in [0, 1]; @param labels  int64 [N]
/// @param randomness  for the random start; a plain seed keys every image by its place in the batch
/// @param trace  filled when given
/// @returns adversarial images in the memory format of `images`.
///     l2: x += step g / (|g| + 1e-10); linf: x += step sign(g); then the ball, then [0, 1]. The loss is the
///     cross-entropy. The gradient goes to the images alone: those of the weights are neither computed nor
///     touched.
torch::Tensor pgd(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                  const PgdOptions &options, const Randomness &randomness, PgdTrace *trace = nullptr);

} // namespace mirra::trainer
