// OpenCV's inferno.
#include "report/color_map.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace mirra::trainer {

FloatPicture color_map(const torch::Tensor &map, double low, double high) {
    constexpr double kFullRange = 255, kSmallest = 1e-30;
    const auto bytes = ((map.detach().to(at::kCPU, at::kDouble) - low) / std::max(high - low, kSmallest))
                           .nan_to_num(0, 1, 0)
                           .clamp(0, 1)
                           .mul(kFullRange)
                           .round()
                           .to(at::kByte)
                           .contiguous();
    const auto height = static_cast<int>(bytes.size(0)), width = static_cast<int>(bytes.size(1));
    const cv::Mat gray(height, width, CV_8UC1, bytes.mutable_data_ptr<std::uint8_t>());
    cv::Mat colors;
    cv::applyColorMap(gray, colors, cv::COLORMAP_INFERNO);
    cv::cvtColor(colors, colors, cv::COLOR_BGR2RGB);
    FloatPicture out{width, height, {}};
    out.values.resize(3 * gray.total());
    const auto *first = colors.ptr<std::uint8_t>();
    std::transform(first, first + out.values.size(), out.values.begin(),
                   [](std::uint8_t byte) { return static_cast<float>(byte) / 255.0F; });
    return out;
}

} // namespace mirra::trainer
