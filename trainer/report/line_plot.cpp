// Plotting with OpenCV's drawing functions.
#include "report/line_plot.hpp"

#include "mirra/error.hpp"
#include "report/canvas.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace mirra::trainer {
namespace {

constexpr int kWidth = 900, kHeight = 560, kLeft = 80, kRight = 24, kTop = 84, kBottom = 64, kTicks = 8;
constexpr double kTitleSize = 0.6, kTextSize = 0.45;
const cv::Scalar kGrid(225, 225, 225);
const std::array kColorsOfSeries{cv::Scalar(200, 80, 30), cv::Scalar(30, 90, 200), cv::Scalar(40, 140, 60),
                                 cv::Scalar(150, 60, 160), cv::Scalar(120, 120, 120)};

struct Range {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    void take(double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
};

class Axes {
  public:
    explicit Axes(const LinePlot &plot) {
        Range x, y;
        for (const auto &series : plot.series)
            for (const auto &point : series.points) {
                x.take(point.x);
                y.take(point.y);
            }
        if (x.high < x.low) throw Error(ErrorCode::invalid_argument, "nothing to plot", plot.title);
        x_ticks_ = round_ticks(x.low, x.high > x.low ? x.high : x.low + 1, kTicks);
        y_ticks_ = round_ticks(y.low, y.high > y.low ? y.high : y.low + 1, kTicks);
    }
    [[nodiscard]] cv::Point place(double x, double y) const {
        const auto part = [](const std::vector<double> &ticks, double value) {
            return (value - ticks.front()) / (ticks.back() - ticks.front());
        };
        return {kLeft + static_cast<int>(part(x_ticks_, x) * (kWidth - kLeft - kRight)),
                kHeight - kBottom - static_cast<int>(part(y_ticks_, y) * (kHeight - kTop - kBottom))};
    }
    void draw(cv::Mat &canvas) const {
        for (const double y : y_ticks_) {
            cv::line(canvas, place(x_ticks_.front(), y), place(x_ticks_.back(), y), kGrid);
            draw_label(canvas, tick_text(y), place(x_ticks_.front(), y) + cv::Point(-52, 5), kTextSize);
        }
        for (const double x : x_ticks_) {
            cv::line(canvas, place(x, y_ticks_.front()), place(x, y_ticks_.back()), kGrid);
            draw_label(canvas, tick_text(x), place(x, y_ticks_.front()) + cv::Point(-8, 22), kTextSize);
        }
    }

  private:
    std::vector<double> x_ticks_, y_ticks_;
};

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
    const Axes axes(plot);
    auto canvas = white_canvas(kWidth, kHeight);
    draw_label(canvas, plot.title, {kLeft, 26}, kTitleSize);
    draw_label(canvas, plot.y_label, {12, kTop - 12}, kTextSize);
    draw_label(canvas, plot.x_label, {kWidth / 2 - 60, kHeight - 16}, kTextSize);
    axes.draw(canvas);
    int key = kLeft;
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
        const auto &color = kColorsOfSeries[i % kColorsOfSeries.size()];
        draw_series(canvas, axes, plot.series[i], color);
        cv::line(canvas, {key, 48}, {key + 26, 48}, color, 2, cv::LINE_AA);
        draw_label(canvas, plot.series[i].name, {key + 32, 53}, kTextSize);
        constexpr int kLetter = 9, kSpace = 60;
        key += kSpace + kLetter * static_cast<int>(plot.series[i].name.size());
    }
    write_canvas(path, canvas);
}

} // namespace mirra::trainer
