// What the attacks share: the classifier that they see, their budget, the geometry of the two norms,
// randomness keyed by image, and batches that shrink.
//
// Batches. An attack on a picture depends on its pixels, its label and its randomness (seed and id), not on
// the pictures beside it. The same batch gives the same bits. In another batch the kernels of a processor may
// round otherwise, which decides where a choice hangs on the last digits: the sign of a gradient near zero,
// the better of two iterates. Such a picture takes another way, as strong as the first.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>

namespace mirra::trainer {

enum class Norm { l2, linf };

/// Images [N, 3, H, W], fp32 in [0, 1], to logits [N, K], fp32. Normalisation is inside; the network is in
/// evaluation mode, so that an image's logits depend on that image alone.
using Classifier = std::function<torch::Tensor(const torch::Tensor &images)>;

/// That recipes and options take: beyond the norm of any picture.
inline constexpr double kLargestEpsilon = 1e4;

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

struct Randomness {
    /// @param image_ids  int64 [N], a number for every image; undefined: its place in the batch
    Randomness(std::uint64_t any_seed, torch::Tensor image_ids = {})
        : seed(any_seed)
        , ids(std::move(image_ids)) {}
    /// Unrelated randomness for another part of an attack.
    [[nodiscard]] Randomness salted(std::uint64_t salt) const;
    /// That of a part of the batch.
    [[nodiscard]] Randomness of(const torch::Tensor &rows) const;

    std::uint64_t seed;
    torch::Tensor ids;
};

/// Draws for the images of one batch. Draw k of image i has the bits of draw k of
/// CounterRandom(seed, 0, ids[i]).
class ImageNoise {
  public:
    /// @param images  gives the batch size and the device
    ImageNoise(const Randomness &randomness, const torch::Tensor &images);

    /// Draws `first` to `first + count` of every image: fp32 [N, count], uniform in [0, 1).
    [[nodiscard]] torch::Tensor uniform(std::int64_t first, std::int64_t count) const;
    /// The same draws, standard normal (Box and Muller 1958).
    [[nodiscard]] torch::Tensor normal(std::int64_t first, std::int64_t count) const;
    /// Keeps these rows of the batch, in this order.
    void select(const torch::Tensor &rows) { keys_ = keys_.index_select(0, rows); }

  private:
    [[nodiscard]] torch::Tensor bits(std::int64_t first, std::int64_t count) const;
    torch::Tensor keys_; // int64 [N, 1]
};

/// Images with noise of norm epsilon, clamped to [0, 1]: normal noise for l2, uniform for linf (as Auto-PGD
/// starts; in the dimensions of images it hardly differs from a uniform point of the ball).
torch::Tensor random_start(const torch::Tensor &images, const Budget &budget, const Randomness &randomness);

/// The rows to go on with, in their order: those not done, and some done ones to fill up, so that the batch
/// takes few sizes on its way down (kernels are planned once a shape).
/// @param done  bool [N]
/// @returns int64 indices, none when all are done; nothing when the batch stays as it is
std::optional<torch::Tensor> remaining_rows(const torch::Tensor &done);

/// Rows of a tensor, in its memory format.
torch::Tensor select_rows(const torch::Tensor &tensor, const torch::Tensor &rows);
/// The same for several tensors in place; undefined ones stay so.
void keep_rows(std::initializer_list<torch::Tensor *> tensors, const torch::Tensor &rows);

} // namespace mirra::trainer
