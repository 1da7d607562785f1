// Scenes of a video, and the noise of each.
#pragma once

#include <opencv2/core.hpp>

#include <cstdint>

namespace video {

struct Scene {
    std::int64_t start = 0; ///< number of its first frame
    double sigma = 0;       ///< its noise, in steps of 1/255
};

/// A scene lasts while its frames look like its first one.
class SceneFinder {
  public:
    SceneFinder() = default;
    /// Goes on within a scene whose first frame is at hand.
    SceneFinder(const Scene &scene, const cv::Mat &first) : scene_(scene), reference_(small(first)) {}

    /// The scene that the frame belongs to. The noise of a new one is measured in this frame.
    const Scene &of(const cv::Mat &frame, std::int64_t index);

  private:
    static cv::Mat small(const cv::Mat &frame);

    Scene scene_;
    cv::Mat reference_;
};

} // namespace video
