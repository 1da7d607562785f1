// FGSM with random start (Wong, Rice, Kolter 2020): adversarial training at twice the cost of a standard one.
#pragma once

#include "attacks/pgd.hpp"

namespace mirra::trainer {

/// One step of 1.25 epsilon from a random start: along the sign of the gradient for linf, as published, along
/// the normalised gradient for l2. Arguments and result as for pgd().
torch::Tensor fgsm_rs(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                      const Budget &budget, const Randomness &randomness);

} // namespace mirra::trainer
