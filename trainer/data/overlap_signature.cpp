// Hashes and thumbnails.
#include "data/overlap_signature.hpp"

#include "bundle/digest.hpp"

#include <opencv2/imgproc.hpp>

#include <bit>
#include <numeric>
#include <string_view>

namespace mirra::trainer {
namespace {

constexpr int kThumbnail = 32;

std::string digest(const image::Image &picture) {
    std::string text = std::to_string(picture.width()) + "x" + std::to_string(picture.height()) + ":";
    const auto bytes = picture.bytes();
    text.append(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    return bundle::sha256_of(text);
}

cv::Mat in_gray(const image::Image &picture, bool mirrored) {
    const cv::Mat colors(picture.height(), picture.width(), CV_8UC3,
                         const_cast<std::byte *>(picture.bytes().data()));
    cv::Mat gray, out;
    cv::cvtColor(colors, gray, cv::COLOR_RGB2GRAY);
    gray.convertTo(out, CV_32F);
    if (mirrored) cv::flip(out, out, 1);
    return out;
}

std::uint64_t differences_of(const cv::Mat &gray) {
    cv::Mat small;
    cv::resize(gray, small, {9, 8}, 0, 0, cv::INTER_AREA);
    std::uint64_t bits = 0;
    for (int y = 0; y < 8; ++y)
        for (int x = 0; x < 8; ++x)
            bits = bits << 1 | (small.at<float>(y, x) < small.at<float>(y, x + 1) ? 1u : 0u);
    return bits;
}

std::vector<float> thumbnail_of(const cv::Mat &gray) {
    constexpr double kFlat = 1e-3; // of 255, per pixel
    cv::Mat small;
    cv::resize(gray, small, {kThumbnail, kThumbnail}, 0, 0, cv::INTER_AREA);
    small -= cv::mean(small)[0];
    const double length = cv::norm(small);
    if (length < kFlat * kThumbnail)
        small.setTo(0);
    else
        small /= length;
    return {small.begin<float>(), small.end<float>()};
}

} // namespace

PictureSignature signature_of(const image::Image &picture, bool mirrored) {
    const auto gray = in_gray(picture, mirrored);
    return {.pixels = mirrored ? "" : digest(picture),
            .differences = differences_of(gray),
            .thumbnail = thumbnail_of(gray)};
}

int hamming_distance(const PictureSignature &a, const PictureSignature &b) {
    return std::popcount(a.differences ^ b.differences);
}

double correlation(const PictureSignature &a, const PictureSignature &b) {
    return std::inner_product(a.thumbnail.begin(), a.thumbnail.end(), b.thumbnail.begin(), 0.0);
}

} // namespace mirra::trainer
