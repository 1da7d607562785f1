// FGSM-RS.
#include "attacks/fgsm_rs.hpp"

namespace mirra::trainer {

torch::Tensor fgsm_rs(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                      const Budget &budget, const Randomness &randomness) {
    constexpr double kStep = 1.25; // of epsilon: the largest that Wong et al. found to train stably
    const PgdOptions options{.budget = budget,
                             .steps = 1,
                             .step_size = kStep * budget.epsilon,
                             .random_start = true,
                             .best_iterate = false};
    return pgd(classifier, images, labels, options, randomness);
}

} // namespace mirra::trainer
