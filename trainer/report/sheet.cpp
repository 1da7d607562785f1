#include "report/sheet.hpp"

#include "mirra/image.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cstdio>

namespace mirra::trainer {

cv::Mat mat_of(const FloatPicture &picture) {
    return {picture.height, picture.width, CV_32FC3, const_cast<float *>(picture.values.data())};
}

FloatPicture picture_of(const cv::Mat &pixels) {
    FloatPicture out{pixels.cols, pixels.rows, std::vector<float>(3 * pixels.total())};
    pixels.copyTo(mat_of(out));
    return out;
}

FloatPicture reduced(const FloatPicture &picture, int longest) {
    const double factor = static_cast<double>(longest) / std::max(picture.width, picture.height);
    const auto scaled = [&](int extent) { return std::max(1, cvRound(factor * extent)); };
    cv::Mat out;
    cv::resize(mat_of(picture), out, {scaled(picture.width), scaled(picture.height)}, 0, 0, cv::INTER_AREA);
    return picture_of(out);
}

cv::Mat white_canvas(int width, int height) {
    return {height, width, CV_8UC3, cv::Scalar::all(255)};
}

void draw_label(cv::Mat &canvas, const std::string &text, cv::Point place, double size) {
    const cv::Scalar ink(40, 40, 40);
    cv::putText(canvas, text, place, cv::FONT_HERSHEY_SIMPLEX, size, ink, 1, cv::LINE_AA);
}

void write_canvas(const std::filesystem::path &path, const cv::Mat &canvas) {
    image::write(path, image::interleaved_view(reinterpret_cast<const std::byte *>(canvas.data), canvas.cols,
                                               canvas.rows, 3, image::SampleType::u8));
}

namespace {

constexpr int kGap = 8, kCaption = 26, kMargin = 4;
constexpr int kReadable = 128; ///< extent that sheets of smaller pictures are enlarged to
constexpr double kLetters = 0.5;

/// Whole, so that pixels stay pixels; the same for the sheet, so that pictures keep their proportions.
int enlargement(const std::vector<SheetRow> &rows) {
    int largest = 1;
    for (const auto &row : rows)
        for (const auto &cell : row) largest = std::max({largest, cell.picture.width, cell.picture.height});
    return std::max(1, kReadable / largest);
}

/// Room for the largest picture and the longest caption.
cv::Size cell_size(const std::vector<SheetRow> &rows, int factor) {
    cv::Size size;
    for (const auto &row : rows)
        for (const auto &cell : row) {
            int baseline = 0;
            const auto text = cv::getTextSize(cell.caption, cv::FONT_HERSHEY_SIMPLEX, kLetters, 1, &baseline);
            size.width = std::max({size.width, factor * cell.picture.width, text.width + kMargin});
            size.height = std::max(size.height, factor * cell.picture.height);
        }
    return size;
}

void draw(cv::Mat &canvas, const SheetCell &cell, cv::Point place, int factor) {
    const auto &picture = cell.picture;
    cv::Mat bytes;
    mat_of(picture).convertTo(bytes, CV_8UC3, 255);
    cv::resize(bytes, bytes, {}, factor, factor, cv::INTER_NEAREST);
    bytes.copyTo(canvas(cv::Rect(place.x, place.y + kCaption, bytes.cols, bytes.rows)));
    draw_label(canvas, cell.caption, place + cv::Point(2, kCaption - 8), kLetters);
}

} // namespace

void write_sheet(const std::filesystem::path &path, const std::vector<SheetRow> &rows) {
    const auto factor = enlargement(rows);
    const auto cell = cell_size(rows, factor);
    std::size_t columns = 1;
    for (const auto &row : rows) columns = std::max(columns, row.size());
    const int step_x = cell.width + kGap, step_y = cell.height + kCaption + kGap;
    auto canvas = white_canvas(static_cast<int>(columns) * step_x + kGap,
                               static_cast<int>(rows.size()) * step_y + kGap);
    for (std::size_t r = 0; r < rows.size(); ++r)
        for (std::size_t c = 0; c < rows[r].size(); ++c)
            draw(canvas, rows[r][c],
                 {kGap + static_cast<int>(c) * step_x, kGap + static_cast<int>(r) * step_y}, factor);
    write_canvas(path, canvas);
}

namespace {

constexpr int kGalleryGap = 10, kTitle = 30, kGalleryCaption = 22;
constexpr double kTitleLetters = 0.55, kGalleryLetters = 0.42;

int text_width(const std::string &text, double letters) {
    int baseline = 0;
    return cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, letters, 1, &baseline).width;
}

/// As wide as the pictures and the longest caption.
int cell_width(const std::vector<GalleryRow> &rows, int extent) {
    int width = extent;
    for (const auto &row : rows)
        for (const auto &cell : row.cells) width = std::max(width, text_width(cell.caption, kGalleryLetters));
    return width;
}

cv::Mat to_extent(const FloatPicture &picture, int extent) {
    cv::Mat bytes;
    mat_of(picture).convertTo(bytes, CV_8UC3, 255);
    const bool shrinks = picture.width > extent;
    cv::resize(bytes, bytes, {extent, extent}, 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_NEAREST);
    return bytes;
}

} // namespace

void write_gallery(const std::filesystem::path &path, const std::vector<GalleryRow> &rows, int extent) {
    const int step = cell_width(rows, extent) + kGalleryGap,
              height = kTitle + extent + kGalleryCaption + kGalleryGap;
    int width = 0;
    for (const auto &row : rows)
        width = std::max({width, static_cast<int>(row.cells.size()) * step,
                          text_width(row.title, kTitleLetters) + kGalleryGap});
    auto canvas = white_canvas(width + kGalleryGap, static_cast<int>(rows.size()) * height + kGalleryGap);
    int y = kGalleryGap;
    for (const auto &row : rows) {
        draw_label(canvas, row.title, {kGalleryGap, y + kTitle - 12}, kTitleLetters);
        int x = kGalleryGap;
        for (const auto &cell : row.cells) {
            to_extent(cell.picture, extent).copyTo(canvas(cv::Rect(x, y + kTitle, extent, extent)));
            draw_label(canvas, cell.caption, {x, y + kTitle + extent + kGalleryCaption - 6}, kGalleryLetters);
            x += step;
        }
        y += height;
    }
    write_canvas(path, canvas);
}

} // namespace mirra::trainer
