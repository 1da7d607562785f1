// Attacks that climb a loss: projected gradient descent (Madry et al. 2018), the attack of adversarial
// training, FGSM with random start, the weights of GAIRAT, and Auto-PGD with its losses.
#pragma once

#include "attacks/attack.hpp"

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

/// The same from a given start within the budget: draws nothing, and reads no value back.
torch::Tensor pgd_from(const torch::Tensor &start, const Classifier &classifier, const torch::Tensor &images,
                       const torch::Tensor &labels, const PgdOptions &options, PgdTrace *trace = nullptr);

/// FGSM with random start (Wong, Rice, Kolter 2020): adversarial training at twice the cost of a standard
/// one. PGD of one step of 1.25 epsilon from a random start: along the sign of the gradient for linf, as
/// published, along the normalised gradient for l2.
PgdOptions fgsm_rs(const Budget &budget);

/// Geometry-aware instance reweighting (Zhang et al. 2021): images near the decision boundary count more.
/// omega(kappa) = (1 + tanh(lambda + 5 (1 - 2 kappa / K))) / 2, scaled to mean 1 over the batch (equation 6
/// of the paper).
/// @param steps_to_fool  kappa, int64 [N] in 0..steps: PgdTrace::steps_to_fool
/// @param steps  K, those of the attack, > 0
/// @param lambda  shifts the weight towards harder (negative) or all (positive) images; published: -1
/// @returns fp32 [N], on the device of `steps_to_fool`
torch::Tensor gairat_weights(const torch::Tensor &steps_to_fool, int steps, double lambda = -1);

/// Auto-PGD (Croce and Hein 2020): PGD with momentum that halves its own step size. No parameter to tune.
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

/// The difference of logits ratio (Croce and Hein 2020): a loss that rescaling the logits cannot flatten.
/// -(z_y - max of the others) / (z_1st - z_3rd), equation 6 of the paper, [N]. It needs three classes: with
/// two, the ratio would be constant, and the loss is the difference of the logits alone.
/// @param logits  [N, K], K >= 2; @param labels  int64 [N]
torch::Tensor dlr(const torch::Tensor &logits, const torch::Tensor &labels);

/// -(z_y - z_target) / (z_1st - (z_3rd + z_4th) / 2), equation 7, [N]. It needs four classes: with three, the
/// ratio to the lowest class would be constant, so with fewer the loss is the difference of the logits alone.
torch::Tensor dlr_targeted(const torch::Tensor &logits, const torch::Tensor &labels,
                           const torch::Tensor &targets);

} // namespace mirra::trainer
