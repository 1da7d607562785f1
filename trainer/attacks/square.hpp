// The Square attack (Andriushchenko et al. 2020): random search with the logits alone. It needs no gradient,
// so a network that only hides its gradients falls to it.
#pragma once

#include "attacks/attack.hpp"

namespace mirra::trainer {

struct SquareOptions {
    Budget budget;
    int queries = 5000;
    double initial_share = 0.8; ///< of the image's area that the first squares cover
};

/// Lowers the margin; an image stops when it is misclassified. Every image has squares of its own, where the
/// published code moves the same square in a whole batch, so that its result does not depend on the batch.
/// @param images  [N, 3, H, W] fp32 in [0, 1]; @param labels  int64 [N]
/// @returns the images of lowest margin
torch::Tensor square(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                     const SquareOptions &options, const Randomness &randomness);

/// Side of the square of one query: the schedule of section 4 of the paper, from `initial_share` of the area
/// down to a 128th of that, at fixed queries whatever their total, as the standard AutoAttack has it.
std::int64_t square_side(int query, double initial_share, std::int64_t height, std::int64_t width);

/// The l2 attack's pattern (section 4.3 of the paper), [side, side] with norm 1: two halves of opposite sign,
/// each falling from its centre.
torch::Tensor square_pattern(std::int64_t side, const torch::TensorOptions &options);

} // namespace mirra::trainer
