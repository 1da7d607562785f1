// Composing sheets with OpenCV.
#include "report/sheet.hpp"

#include "report/canvas.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace mirra::trainer {
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
    const cv::Mat pixels(picture.height, picture.width, CV_32FC3, const_cast<float *>(picture.values.data()));
    cv::Mat bytes;
    pixels.convertTo(bytes, CV_8UC3, 255);
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

} // namespace mirra::trainer
