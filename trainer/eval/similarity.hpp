// How close pictures come to others: PSNR and SSIM as the paper has them (docs/explanation/method.md).
#pragma once

#include "eval/float_picture.hpp"
#include "runtime/torch/libtorch.hpp"

#include <cstdint>

namespace mirra::trainer {

/// A picture [3, H, W] as floats.
FloatPicture to_picture(const torch::Tensor &picture);

/// Mean and standard deviation over values added one by one.
class Statistic {
  public:
    void add(double value);
    [[nodiscard]] std::int64_t count() const { return count_; }
    [[nodiscard]] double mean() const; ///< NaN without a value
    [[nodiscard]] double deviation() const;

  private:
    std::int64_t count_ = 0;
    double mean_ = 0, squares_ = 0;
};

struct Similarity {
    Statistic psnr;       ///< dB, per picture over RGB in [0, 1], not quantised
    Statistic ssim;       ///< per picture; of those whose sides are 11 pixels at least
    Statistic lpips = {}; ///< per picture, filled in by those who have its weights

    void add(const FloatPicture &picture, const FloatPicture &reference);
    /// Both [N, 3, H, W] in [0, 1], of one shape, on any device.
    void add(const torch::Tensor &pictures, const torch::Tensor &references);
};

} // namespace mirra::trainer
