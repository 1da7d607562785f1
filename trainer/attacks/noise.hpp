// Randomness keyed by image: what an image draws depends on the seed and its own number, never on which
// images share its batch, nor on the device or the number of threads.
#pragma once

#include "attacks/attack.hpp"

#include <cstdint>

namespace mirra::trainer {

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

} // namespace mirra::trainer
