// Placing and drawing axes.
#include "report/axes.hpp"

#include "report/canvas.hpp"
#include "report/svg_plot.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>

namespace mirra::trainer {

void ValueRange::take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
}

Axes::Axes(const cv::Rect &area, ValueRange x, ValueRange y, int ticks)
    : area_(area)
    , x_ticks_(round_ticks(x.low, x.high > x.low ? x.high : x.low + 1, ticks))
    , y_ticks_(round_ticks(y.low, y.high > y.low ? y.high : y.low + 1, ticks)) {}

cv::Point Axes::place(double x, double y) const {
    const auto part = [](const std::vector<double> &ticks, double value) {
        return (value - ticks.front()) / (ticks.back() - ticks.front());
    };
    return {area_.x + static_cast<int>(part(x_ticks_, x) * area_.width),
            area_.y + area_.height - static_cast<int>(part(y_ticks_, y) * area_.height)};
}

void Axes::draw(cv::Mat &canvas) const {
    const cv::Scalar grid(225, 225, 225);
    for (const double y : y_ticks_) {
        cv::line(canvas, place(x_ticks_.front(), y), place(x_ticks_.back(), y), grid);
        draw_label(canvas, tick_text(y), place(x_ticks_.front(), y) + cv::Point(-52, 5), kTextSize);
    }
    for (const double x : x_ticks_) {
        cv::line(canvas, place(x, y_ticks_.front()), place(x, y_ticks_.back()), grid);
        draw_label(canvas, tick_text(x), place(x, y_ticks_.front()) + cv::Point(-8, 22), kTextSize);
    }
}

cv::Scalar series_color(std::size_t n) {
    static const std::array kColors{cv::Scalar(200, 80, 30),   cv::Scalar(30, 90, 200),
                                    cv::Scalar(40, 140, 60),   cv::Scalar(150, 60, 160),
                                    cv::Scalar(120, 120, 120), cv::Scalar(20, 160, 170),
                                    cv::Scalar(190, 150, 20),  cv::Scalar(90, 60, 30)};
    return kColors[n % kColors.size()];
}

} // namespace mirra::trainer
