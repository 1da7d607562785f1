// The axes of a plot on a canvas.
#pragma once

#include <opencv2/core.hpp>

#include <limits>
#include <string>
#include <vector>

namespace mirra::trainer {

struct ValueRange {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    void take(double value);
};

/// Round ticks over both ranges, and where values lie on the canvas.
class Axes {
  public:
    /// @param area   of the canvas, inside of the axes' numbers
    /// @param ticks  about so many a side
    Axes(const cv::Rect &area, ValueRange x, ValueRange y, int ticks);

    [[nodiscard]] cv::Point place(double x, double y) const;
    /// Grid and numbers.
    void draw(cv::Mat &canvas) const;
    [[nodiscard]] double low_y() const { return y_ticks_.front(); }
    [[nodiscard]] double high_y() const { return y_ticks_.back(); }

  private:
    cv::Rect area_;
    std::vector<double> x_ticks_, y_ticks_;
};

/// The colour of the n-th of several things that are told apart.
cv::Scalar series_color(std::size_t n);

constexpr double kTitleSize = 0.6, kTextSize = 0.45;

} // namespace mirra::trainer
