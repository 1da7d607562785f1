// Signs of gradient masking: a network that hides its gradients looks robust and is not (Athalye et al.
// 2018).
#pragma once

#include "attacks/attack.hpp"

#include <vector>

namespace mirra::trainer {

struct MaskingReport {
    static constexpr int kQueries = 1000;          ///< of the Square attack
    static constexpr double kUnboundedFactor = 16; ///< multiple of the budget
    std::int64_t images = 0;
    std::vector<double> loss_over_steps;    ///< mean cross-entropy before PGD and after each of its steps
    std::vector<double> restart_accuracies; ///< under PGD from random starts, one a seed
    double pgd_accuracy = 0;                ///< under all of them together
    double square_accuracy = 0;             ///< under the Square attack, which needs no gradient
    double unbounded_accuracy = 0; ///< under PGD with that multiple: about 0 unless gradients mislead

    /// Plain sentences, one a sign that was found; empty: none.
    [[nodiscard]] std::vector<std::string> signs() const;
};

struct MaskingOptions {
    Budget budget;
    std::int64_t batch = 250;
    std::uint64_t seed = 0; ///< image i draws from (seed, i), whatever the batches
    torch::Device device = torch::kCPU;
};

/// @param images  [N, 3, H, W], N > 0, on any device; batches go to options.device; @param labels  int64 [N]
MaskingReport check_masking(const Classifier &classifier, const torch::Tensor &images,
                            const torch::Tensor &labels, const MaskingOptions &options);

} // namespace mirra::trainer
