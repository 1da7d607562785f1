// Composing galleries with OpenCV.
#include "report/gallery.hpp"

#include "report/canvas.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr int kGap = 10, kTitle = 30, kCaption = 22;
constexpr double kTitleLetters = 0.55, kLetters = 0.42;

int text_width(const std::string &text, double letters) {
    int baseline = 0;
    return cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, letters, 1, &baseline).width;
}

/// As wide as the pictures and the longest caption.
int cell_width(const std::vector<GalleryRow> &rows, int extent) {
    int width = extent;
    for (const auto &row : rows)
        for (const auto &cell : row.cells) width = std::max(width, text_width(cell.caption, kLetters));
    return width;
}

cv::Mat to_extent(const FloatPicture &picture, int extent) {
    const cv::Mat pixels(picture.height, picture.width, CV_32FC3, const_cast<float *>(picture.values.data()));
    cv::Mat bytes;
    pixels.convertTo(bytes, CV_8UC3, 255);
    const bool shrinks = picture.width > extent;
    cv::resize(bytes, bytes, {extent, extent}, 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_NEAREST);
    return bytes;
}

} // namespace

void write_gallery(const std::filesystem::path &path, const std::vector<GalleryRow> &rows, int extent) {
    const int step = cell_width(rows, extent) + kGap, height = kTitle + extent + kCaption + kGap;
    int width = 0;
    for (const auto &row : rows)
        width = std::max(
            {width, static_cast<int>(row.cells.size()) * step, text_width(row.title, kTitleLetters) + kGap});
    auto canvas = white_canvas(width + kGap, static_cast<int>(rows.size()) * height + kGap);
    int y = kGap;
    for (const auto &row : rows) {
        draw_label(canvas, row.title, {kGap, y + kTitle - 12}, kTitleLetters);
        int x = kGap;
        for (const auto &cell : row.cells) {
            to_extent(cell.picture, extent).copyTo(canvas(cv::Rect(x, y + kTitle, extent, extent)));
            draw_label(canvas, cell.caption, {x, y + kTitle + extent + kCaption - 6}, kLetters);
            x += step;
        }
        y += height;
    }
    write_canvas(path, canvas);
}

} // namespace mirra::trainer
