// Reducing and cropping with OpenCV.
#include "eval/denoising_sheet.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr int kSide = 256; ///< of a cell at most

cv::Mat view_of(const FloatPicture &picture) {
    return {picture.height, picture.width, CV_32FC3, const_cast<float *>(picture.values.data())};
}

FloatPicture picture_of(const cv::Mat &pixels) {
    FloatPicture out{pixels.cols, pixels.rows, std::vector<float>(3 * pixels.total())};
    pixels.copyTo(view_of(out));
    return out;
}

FloatPicture reduced(const FloatPicture &picture) {
    const double factor = static_cast<double>(kSide) / std::max(picture.width, picture.height);
    const auto scaled = [&](int extent) { return std::max(1, cvRound(factor * extent)); };
    cv::Mat out;
    cv::resize(view_of(picture), out, {scaled(picture.width), scaled(picture.height)}, 0, 0, cv::INTER_AREA);
    return picture_of(out);
}

FloatPicture part(const FloatPicture &picture, const std::optional<std::pair<int, int>> &corner) {
    const int width = std::min(kSide, picture.width), height = std::min(kSide, picture.height);
    const auto [left, top] =
        corner.value_or(std::pair((picture.width - width) / 2, (picture.height - height) / 2));
    return picture_of(view_of(picture)(cv::Rect(std::clamp(left, 0, picture.width - width),
                                                std::clamp(top, 0, picture.height - height), width, height)));
}

} // namespace

std::vector<SheetRow> denoising_sheet_rows(const SheetRow &cells,
                                           const std::optional<std::pair<int, int>> &corner) {
    const auto &first = cells.front().picture;
    if (std::max(first.width, first.height) <= kSide) return {cells};
    SheetRow whole, parts;
    for (const auto &cell : cells) {
        whole.push_back({cell.caption, reduced(cell.picture)});
        parts.push_back({"", part(cell.picture, corner)});
    }
    return {whole, parts};
}

} // namespace mirra::trainer
