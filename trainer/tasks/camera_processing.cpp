// Demosaicing as a convolution of masked channels; chroma as differences to luma.
#include "tasks/camera_processing.hpp"

#include <array>
#include <vector>

namespace mirra::trainer {
namespace {

/// One where the mosaic has the channel, [1, 3, H, W].
torch::Tensor bayer_mask(const torch::Tensor &pictures) {
    auto mask = torch::zeros({1, 3, pictures.size(2), pictures.size(3)}, pictures.options());
    const auto fill = [&](std::int64_t channel, std::int64_t row, std::int64_t column) {
        mask.select(1, channel).slice(1, row, at::nullopt, 2).slice(2, column, at::nullopt, 2).fill_(1);
    };
    fill(0, 0, 0);
    fill(1, 0, 1);
    fill(1, 1, 0);
    fill(2, 1, 1);
    return mask;
}

/// Of each channel, the mean of the nearest pixels that have it.
torch::Tensor bilinear_kernels(const torch::Tensor &pictures) {
    const std::vector<float> quarter{1, 2, 1, 2, 4, 2, 1, 2, 1}, half{0, 1, 0, 1, 4, 1, 0, 1, 0};
    std::vector<float> values;
    for (const auto *kernel : {&quarter, &half, &quarter})
        values.insert(values.end(), kernel->begin(), kernel->end());
    return torch::tensor(values).view({3, 1, 3, 3}).to(pictures.options()) / 4;
}

} // namespace

torch::Tensor luma(const torch::Tensor &pictures) {
    const auto weights = torch::tensor({0.299F, 0.587F, 0.114F}).to(pictures.options()).view({1, 3, 1, 1});
    return (pictures * weights).sum(1, true);
}

torch::Tensor demosaiced(const torch::Tensor &pictures) {
    // Reflection keeps the mosaic's phase beyond the edges.
    const auto mosaic = torch::reflection_pad2d(pictures * bayer_mask(pictures), {1, 1, 1, 1});
    constexpr std::array<std::int64_t, 2> kOne{1, 1}, kNoPadding{0, 0};
    return torch::conv2d(mosaic, bilinear_kernels(pictures), {}, kOne, kNoPadding, kOne, 3);
}

torch::Tensor chroma_subsampled(const torch::Tensor &pictures, bool rows) {
    const auto gray = luma(pictures);
    // The channels' differences to luma are combinations of Cb and Cr.
    const auto halved = torch::avg_pool2d(pictures - gray, {rows ? 2 : 1, 2});
    return gray + torch::upsample_bilinear2d(halved, {pictures.size(2), pictures.size(3)}, false);
}

} // namespace mirra::trainer
