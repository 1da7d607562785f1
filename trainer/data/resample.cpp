// OpenCV's resize on our images.
#include "data/resample.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace mirra::trainer {
namespace {

cv::Mat matrix(const image::Image &picture) {
    auto *pixels = const_cast<std::byte *>(picture.bytes().data());
    return {picture.height(), picture.width(), CV_8UC3, pixels};
}

} // namespace

image::Image reduce_short_side(image::Image picture, std::int64_t side) {
    const auto shorter = std::min(picture.width(), picture.height());
    if (side <= 0 || shorter <= side) return picture;
    const double scale = static_cast<double>(side) / shorter;
    const auto scaled = [&](std::int32_t extent) {
        return std::max(static_cast<std::int32_t>(side),
                        static_cast<std::int32_t>(std::lround(extent * scale)));
    };
    image::Image out(scaled(picture.width()), scaled(picture.height()), 3, image::SampleType::u8);
    auto target = matrix(out);
    cv::resize(matrix(picture), target, target.size(), 0, 0, cv::INTER_AREA);
    return out;
}

void resample(const image::Image &picture, const image::Rect &rect, std::int64_t extent, std::uint8_t *out) {
    const auto side = static_cast<int>(extent);
    const auto source = matrix(picture)(cv::Rect(rect.x, rect.y, rect.width, rect.height));
    cv::Mat target(side, side, CV_8UC3, out);
    if (rect.width == side && rect.height == side)
        source.copyTo(target);
    else
        cv::resize(source, target, target.size(), 0, 0,
                   rect.width > side || rect.height > side ? cv::INTER_AREA : cv::INTER_LINEAR);
}

} // namespace mirra::trainer
