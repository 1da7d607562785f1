// Plotting with OpenCV's drawing functions.
#include "report/line_plot.hpp"

#include "mirra/error.hpp"
#include "report/axes.hpp"
#include "report/canvas.hpp"

#include <opencv2/imgproc.hpp>

namespace mirra::trainer {
namespace {

constexpr int kWidth = 900, kHeight = 560, kLeft = 80, kRight = 40, kTop = 84, kBottom = 64, kTicks = 8;

Axes axes_of(const LinePlot &plot) {
    ValueRange x, y;
    for (const auto &series : plot.series)
        for (const auto &point : series.points) {
            x.take(point.x);
            y.take(point.y);
        }
    if (x.high < x.low) throw Error(ErrorCode::invalid_argument, "nothing to plot", plot.title);
    return {{kLeft, kTop, kWidth - kLeft - kRight, kHeight - kTop - kBottom}, x, y, kTicks};
}

void draw_series(cv::Mat &canvas, const Axes &axes, const PlotSeries &series, const cv::Scalar &color) {
    constexpr int kDot = 4;
    for (std::size_t i = 0; i < series.points.size(); ++i) {
        const auto here = axes.place(series.points[i].x, series.points[i].y);
        cv::circle(canvas, here, kDot, color, cv::FILLED, cv::LINE_AA);
        if (i > 0)
            cv::line(canvas, axes.place(series.points[i - 1].x, series.points[i - 1].y), here, color, 2,
                     cv::LINE_AA);
    }
}

} // namespace

void write_line_plot(const std::filesystem::path &path, const LinePlot &plot) {
    const auto axes = axes_of(plot);
    auto canvas = white_canvas(kWidth, kHeight);
    draw_label(canvas, plot.title, {kLeft, 26}, kTitleSize);
    draw_label(canvas, plot.y_label, {12, kTop - 12}, kTextSize);
    draw_label(canvas, plot.x_label, {kWidth / 2 - 60, kHeight - 16}, kTextSize);
    axes.draw(canvas);
    int key = kLeft;
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
        const auto color = series_color(i);
        draw_series(canvas, axes, plot.series[i], color);
        cv::line(canvas, {key, 48}, {key + 26, 48}, color, 2, cv::LINE_AA);
        draw_label(canvas, plot.series[i].name, {key + 32, 53}, kTextSize);
        constexpr int kLetter = 9, kSpace = 60;
        key += kSpace + kLetter * static_cast<int>(plot.series[i].name.size());
    }
    write_canvas(path, canvas);
}

} // namespace mirra::trainer
