// What the attacks share: the classifier that they see, their budget, the geometry of the two norms.
//
// Batches. An attack on a picture depends on its pixels, its label and its randomness (seed and id), not on
// the pictures beside it. The same batch gives the same bits. In another batch the kernels of a processor may
// round otherwise, which decides where a choice hangs on the last digits: the sign of a gradient near zero,
// the better of two iterates. Such a picture takes another way, as strong as the first.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <functional>

namespace mirra::trainer {

enum class Norm { l2, linf };

/// Images [N, 3, H, W], fp32 in [0, 1], to logits [N, K], fp32. Normalisation is inside; the network is in
/// evaluation mode, so that an image's logits depend on that image alone.
using Classifier = std::function<torch::Tensor(const torch::Tensor &images)>;

/// Perturbations of at most this norm, on pixels in [0, 1].
struct Budget {
    Norm norm = Norm::l2;
    double epsilon = 0;
};

/// Norm of every image, [N, 1, 1, 1].
torch::Tensor norms(const torch::Tensor &images, Norm norm);

/// The steepest direction of norm 1: g / (|g| + stabiliser) for l2, sign(g) for linf.
/// @param stabiliser  keeps a vanished gradient from dividing by zero
torch::Tensor ascent(const torch::Tensor &gradient, Norm norm, double stabiliser);

/// Moves points into the ball around the images and into [0, 1]. Overwrites `points` and returns it.
torch::Tensor project(torch::Tensor points, const torch::Tensor &images, const Budget &budget);

/// Loss of every image from its logits, [N].
using Loss = std::function<torch::Tensor(const torch::Tensor &logits)>;

/// Cross-entropy of every image, [N].
torch::Tensor cross_entropy(const torch::Tensor &logits, const torch::Tensor &labels);

/// z_label - max of the other logits, [N]: positive while the image is classified right.
torch::Tensor margin(const torch::Tensor &logits, const torch::Tensor &labels);

struct Ascent {
    torch::Tensor logits, loss, gradient; ///< [N, K], [N], [N, 3, H, W]; none carries a graph
};
/// One pass forward and one back to the images, not to the weights. The loss is summed, not averaged, so that
/// an image's gradient does not depend on the size of its batch.
Ascent evaluate_gradient(const Classifier &classifier, const torch::Tensor &images, const Loss &loss);

/// The `count` classes of highest logit other than the label, best first: [N, min(count, K - 1)].
torch::Tensor runner_up_classes(const torch::Tensor &logits, const torch::Tensor &labels, std::int64_t count);

} // namespace mirra::trainer
