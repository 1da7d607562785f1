// OpenCV's non-local means.
#include "eval/baselines.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/photo.hpp>

#include <cstring>

namespace mirra::trainer {

FloatPicture non_local_means(const FloatPicture &noisy, double sigma, double factor) {
    constexpr int kTemplate = 7, kSearch = 21;
    constexpr double kFullRange = 255;
    const cv::Mat input(noisy.height, noisy.width, CV_32FC3, const_cast<float *>(noisy.values.data()));
    cv::Mat bytes, result;
    input.convertTo(bytes, CV_8UC3, kFullRange);
    cv::cvtColor(bytes, bytes, cv::COLOR_RGB2BGR); // it works in the CIELAB space of blue, green, red
    const auto strength = static_cast<float>(factor * sigma);
    cv::fastNlMeansDenoisingColored(bytes, result, strength, strength, kTemplate, kSearch);
    cv::cvtColor(result, result, cv::COLOR_BGR2RGB);
    FloatPicture out{noisy.width, noisy.height, std::vector<float>(noisy.values.size())};
    cv::Mat output(noisy.height, noisy.width, CV_32FC3, out.values.data());
    result.convertTo(output, CV_32FC3, 1 / kFullRange);
    return out;
}

} // namespace mirra::trainer
