#include "scene.hpp"

#include "frame.hpp"

#include <mirra/mirra.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace video {
namespace {

/// Mean difference of two small frames, out of 255, from which on they show different scenes.
constexpr double kOtherScene = 25;
constexpr double kMostNoise = 100; // that `sigma` takes

} // namespace

cv::Mat SceneFinder::small(const cv::Mat &frame) {
    cv::Mat reduced;
    cv::resize(frame, reduced, {32, 32}, 0, 0, cv::INTER_AREA);
    return reduced;
}

const Scene &SceneFinder::of(const cv::Mat &frame, std::int64_t index) {
    const cv::Mat reduced = small(frame);
    if (reference_.empty() || cv::norm(reduced, reference_, cv::NORM_L1) / (32.0 * 32 * 3) > kOtherScene) {
        scene_ = {index, std::min(mirra::api::ConstImage(described(frame)).estimate_noise(), kMostNoise)};
        reference_ = reduced;
    }
    return scene_;
}

} // namespace video
