// Plotting with OpenCV's drawing functions.
#include "report/curves.hpp"

#include "report/canvas.hpp"

#include <opencv2/imgproc.hpp>

#include <cmath>
#include <limits>

namespace mirra::trainer {
namespace {

constexpr int kWidth = 860, kPanelHeight = 260, kLeft = 90, kRight = 20, kTop = 34, kBottom = 34, kTicks = 4;
constexpr double kTitleSize = 0.5, kTickSize = 0.42;
const cv::Scalar kGrid(225, 225, 225), kLine(30, 90, 200);

struct Series {
    std::vector<cv::Point2d> points;
    double low = std::numeric_limits<double>::infinity(), high = -low;
};

Series series(const RunLog &log, std::size_t column) {
    Series out;
    for (const auto &row : log.rows()) {
        const double value = row.values[column];
        if (!std::isfinite(value)) continue;
        out.points.emplace_back(static_cast<double>(row.step), value);
        out.low = std::min(out.low, value);
        out.high = std::max(out.high, value);
    }
    if (out.high - out.low < 1e-12) out.high = out.low + 1e-12;
    return out;
}

void draw_panel(cv::Mat canvas, const std::string &title, const Series &data) {
    draw_label(canvas, title, {kLeft, kTop - 12}, kTitleSize);
    if (data.points.empty()) return;
    const double last = std::max(1.0, data.points.back().x);
    const int width = canvas.cols - kLeft - kRight, height = canvas.rows - kTop - kBottom;
    const auto place = [&](cv::Point2d p) {
        return cv::Point(kLeft + static_cast<int>(p.x / last * width),
                         kTop + static_cast<int>((data.high - p.y) / (data.high - data.low) * height));
    };
    for (int tick = 0; tick <= kTicks; ++tick) {
        const double fraction = static_cast<double>(tick) / kTicks;
        const double y = data.low + fraction * (data.high - data.low), x = fraction * last;
        cv::line(canvas, place({0, y}), place({last, y}), kGrid);
        draw_label(canvas, tick_text(y), place({0, y}) + cv::Point(-82, 4), kTickSize);
        draw_label(canvas, tick_text(x), place({x, data.low}) + cv::Point(-14, 20), kTickSize);
    }
    for (std::size_t i = 1; i < data.points.size(); ++i)
        cv::line(canvas, place(data.points[i - 1]), place(data.points[i]), kLine, 1, cv::LINE_AA);
}

} // namespace

void draw_curves(const std::filesystem::path &path, const std::string &title, const RunLog &log) {
    const auto panels = static_cast<int>(log.columns().size());
    auto canvas = white_canvas(kWidth, panels * kPanelHeight);
    for (int i = 0; i < panels; ++i) {
        const auto column = static_cast<std::size_t>(i);
        draw_panel(canvas.rowRange(i * kPanelHeight, (i + 1) * kPanelHeight),
                   title + ": " + log.columns()[column], series(log, column));
    }
    write_canvas(path, canvas);
}

} // namespace mirra::trainer
