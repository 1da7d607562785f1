// Good pictures with synthetic defects pasted onto them, from which a network learns to find defects without
// ever having seen a real one.
#pragma once

#include "eval/float_picture.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace mirra::trainer {

struct PastedSample {
    FloatPicture picture;
    std::vector<float> mask; ///< height x width: 1 where it was changed visibly, else 0
};

struct PastingOptions {
    double clean = 0.4; ///< share of the samples without a defect
    bool flips = true;  ///< whether good pictures are mirrored
    /// Whether samples without defects are moved, lit and blurred a little, which no detector shall call a
    /// defect.
    bool variations = true;
};

/// Thread-safe.
class DefectPaster {
  public:
    /// @param pictures  good ones of one size, 8-bit RGB, height x width x 3; at least one
    DefectPaster(std::vector<std::vector<std::uint8_t>> pictures, std::int32_t width, std::int32_t height,
                 const PastingOptions &options);
    ~DefectPaster();
    DefectPaster(const DefectPaster &) = delete;
    DefectPaster &operator=(const DefectPaster &) = delete;

    /// A sample of a batch; depends on the pictures and these numbers alone.
    [[nodiscard]] PastedSample sample(std::uint64_t seed, std::uint64_t step, std::uint64_t index) const;
    /// A good picture with a defect and nothing else done to it.
    [[nodiscard]] PastedSample with_defect(std::int64_t picture, std::uint64_t seed) const;
    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(pictures_.size()); }

  private:
    std::vector<std::vector<std::uint8_t>> pictures_;
    std::int32_t width_, height_;
    PastingOptions options_;
};

/// From a picture its mean is taken, and it is divided by its standard deviation, both over all channels:
/// what the network sees, in training and in use.
/// @param values  three for each pixel
/// @param shares  how much of each pixel is seen; empty: all of it
void normalise_picture(std::span<float> values, std::span<const float> shares = {});

} // namespace mirra::trainer
