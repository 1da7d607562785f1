// Robust accuracy: attacks one after the other, each on the images that still stand, as AutoAttack (Croce and
// Hein 2020) does it.
#pragma once

#include "attacks/gradient_attacks.hpp"

#include <string>
#include <vector>

namespace mirra::trainer {

/// An attack on a batch of rightly classified images; returns as many images.
struct Attack {
    std::string name;
    std::function<torch::Tensor(const Classifier &, const torch::Tensor &images, const torch::Tensor &labels,
                                const Randomness &)>
        run;
};

/// AutoAttack's standard ensemble with its published settings: apgd-ce, apgd-t (DLR, 9 target classes) and
/// fab-t (9 target classes) with 100 iterations and one run each, square with 5000 queries. With K < 10
/// classes there are K - 1 target classes; what the DLR losses do with K < 4 is said in dlr.hpp.
std::vector<Attack> standard_attacks(const Budget &budget);

/// What attacks_of_name() takes: "autoattack", the standard ensemble, and attacks by themselves.
std::vector<std::string> attack_names();

/// @throws Error invalid_argument
std::vector<Attack> attacks_of_name(const std::string &name, const Budget &budget);

/// PGD as an attack of an evaluation, named "pgd".
Attack pgd_attack(const PgdOptions &options);

/// How far an evaluation has come.
struct EvaluationProgress {
    std::string attack;               ///< "clean" before the first
    std::int64_t done = 0, total = 0; ///< images of this attack
    std::int64_t standing = 0;        ///< of all images, rightly classified so far
};

struct EvaluationOptions {
    Budget budget;
    std::int64_t batch = 250;
    std::uint64_t seed = 0; ///< image i draws from (seed, i), whatever the batches
    torch::Device device = torch::kCPU;
    /// Called before every pass through the network; false stops the evaluation.
    std::function<bool(const EvaluationProgress &)> progress = {};
};

/// What one attack achieved, in its place in the sequence.
struct AttackResult {
    std::string name;
    std::int64_t attacked = 0, fooled = 0;
    std::int64_t standing = 0; ///< after it, of all images
    double seconds = 0;
};

struct Evaluation {
    std::int64_t images = 0, clean = 0, robust = 0; ///< clean: rightly classified; robust: after every attack
    double seconds = 0;
    bool complete = true;              ///< false: stopped; the last result covers what it got to
    std::vector<AttackResult> attacks; ///< those that had an image to attack
    torch::Tensor adversarial;         ///< the images, those that an attack fooled replaced; on their device
    torch::Tensor standing;            ///< bool [N], on the CPU
};

/// An image counts as fooled when the classifier, asked once more, misclassifies what an attack returned and
/// it lies within the budget and in [0, 1]. An attack that is in the list more than once draws anew each
/// time.
/// @param images  [N, 3, H, W] fp32 in [0, 1], on any device; batches go to options.device
/// @param labels  int64 [N]
/// @throws Error invalid_argument | mismatch on shapes, values or labels that do not fit, on logits that are
///     not finite, and on a budget that is not positive
Evaluation evaluate_robustness(const Classifier &classifier, const torch::Tensor &images,
                               const torch::Tensor &labels, const std::vector<Attack> &attacks,
                               const EvaluationOptions &options);

} // namespace mirra::trainer
