// Scaling values and pixels.
#include "report/picture.hpp"

#include "mirra/image.hpp"
#include "report/base64.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace mirra::trainer {
namespace {

constexpr double kGray = 0.5;

} // namespace

std::string picture_uri(const torch::Tensor &picture) {
    constexpr double kFullRange = 255, kShown = 128;
    constexpr int kCompression = 9;
    const auto bytes = (picture.detach().to(at::kCPU).nan_to_num(kGray).clamp(0, 1) * kFullRange)
                           .round()
                           .to(at::kByte)
                           .permute({1, 2, 0})
                           .contiguous();
    const auto height = static_cast<int>(bytes.size(0)), width = static_cast<int>(bytes.size(1));
    const cv::Mat pixels(height, width, CV_8UC3, bytes.mutable_data_ptr<std::uint8_t>());
    const auto factor = std::max(1, static_cast<int>(std::lround(kShown / std::max(height, width))));
    cv::Mat shown;
    cv::resize(pixels, shown, {}, factor, factor, cv::INTER_NEAREST);
    const auto view = image::interleaved_view(reinterpret_cast<const std::byte *>(shown.data), shown.cols,
                                              shown.rows, 3, image::SampleType::u8);
    return "data:image/png;base64," +
           base64(image::encode(view, {}, "png", {.png_compression = kCompression}));
}

torch::Tensor enlarged_difference(const torch::Tensor &difference, double factor) {
    return (kGray + factor * difference).clamp(0, 1);
}

double difference_factor(const torch::Tensor &differences) {
    constexpr double kWithin = 0.995, kTen = 10;
    const auto sizes = differences.detach().abs().flatten();
    const auto rank =
        std::max<std::int64_t>(1, static_cast<std::int64_t>(kWithin * static_cast<double>(sizes.numel())));
    const double large = std::get<0>(sizes.kthvalue(rank)).item<double>();
    if (!(large > 0)) return 1;
    const double most = kGray / large, magnitude = std::pow(kTen, std::floor(std::log10(most)));
    double factor = 1;
    for (const double digit : {1.0, 2.0, 5.0})
        if (digit * magnitude <= most) factor = std::max(factor, digit * magnitude);
    return factor;
}

torch::Tensor gradient_picture(const torch::Tensor &gradient) {
    const auto values = gradient.detach().nan_to_num(0, 0, 0);
    const double sigma = values.square().mean().sqrt().item<double>();
    if (!(sigma > 0)) return torch::full_like(values, kGray);
    return (kGray + values * (kGray / (kGradientSigmas * sigma))).clamp(0, 1);
}

} // namespace mirra::trainer
