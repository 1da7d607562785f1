// PSNR and SSIM of batches.
#include "eval/similarity.hpp"

#include "mirra/image.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mirra::trainer {
FloatPicture to_picture(const torch::Tensor &picture) {
    const auto values = picture.detach().to(at::kCPU, at::kFloat).permute({1, 2, 0}).contiguous();
    const auto *data = values.const_data_ptr<float>();
    return {static_cast<std::int32_t>(values.size(1)),
            static_cast<std::int32_t>(values.size(0)),
            {data, data + values.numel()}};
}

/// Welford's recurrence.
void Statistic::add(double value) {
    ++count_;
    const double step = value - mean_;
    mean_ += step / static_cast<double>(count_);
    squares_ += step * (value - mean_);
}

double Statistic::mean() const {
    return count_ > 0 ? mean_ : std::numeric_limits<double>::quiet_NaN();
}

double Statistic::deviation() const {
    return count_ > 0 ? std::sqrt(squares_ / static_cast<double>(count_))
                      : std::numeric_limits<double>::quiet_NaN();
}

void Similarity::add(const FloatPicture &picture, const FloatPicture &reference) {
    constexpr std::int32_t kWindow = 11;
    psnr.add(image::psnr(picture.values, reference.values));
    if (std::min(reference.width, reference.height) >= kWindow)
        ssim.add(image::ssim({picture.values, picture.width, picture.height, 3},
                             {reference.values, reference.width, reference.height, 3}));
}

void Similarity::add(const torch::Tensor &pictures, const torch::Tensor &references) {
    for (std::int64_t i = 0; i < pictures.size(0); ++i)
        add(to_picture(pictures[i]), to_picture(references[i]));
}

} // namespace mirra::trainer
