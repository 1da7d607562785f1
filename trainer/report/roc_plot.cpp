// Drawing curves of rates.
#include "report/roc_plot.hpp"

#include "mirra/error.hpp"
#include "report/axes.hpp"
#include "report/canvas.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr int kSide = 640, kLeft = 84, kTop = 64, kRight = 28, kBottom = 62, kTicks = 5, kLine = 24;

void draw_curve(cv::Mat &canvas, const Axes &axes, const PlotSeries &curve, const cv::Scalar &color) {
    for (std::size_t i = 1; i < curve.points.size(); ++i)
        cv::line(canvas, axes.place(curve.points[i - 1].x, curve.points[i - 1].y),
                 axes.place(curve.points[i].x, curve.points[i].y), color, 2, cv::LINE_AA);
}

void draw_key(cv::Mat &canvas, const std::vector<PlotSeries> &curves) {
    constexpr int kSample = 26, kPad = 10;
    int widest = 0, baseline = 0;
    for (const auto &curve : curves)
        widest = std::max(
            widest, cv::getTextSize(curve.name, cv::FONT_HERSHEY_SIMPLEX, kTextSize, 1, &baseline).width);
    const auto rows = static_cast<int>(curves.size());
    const cv::Size size(widest + kSample + 3 * kPad, rows * kLine + kPad);
    const cv::Point corner(kLeft + kSide - size.width - kPad, kTop + kSide - size.height - kPad);
    cv::rectangle(canvas, {corner, size}, cv::Scalar::all(255), cv::FILLED);
    cv::rectangle(canvas, {corner, size}, cv::Scalar::all(200));
    for (int i = 0; i < rows; ++i) {
        const auto y = corner.y + kPad / 2 + i * kLine + kLine / 2;
        cv::line(canvas, {corner.x + kPad, y}, {corner.x + kPad + kSample, y},
                 series_color(static_cast<std::size_t>(i)), 2, cv::LINE_AA);
        draw_label(canvas, curves[static_cast<std::size_t>(i)].name,
                   {corner.x + 2 * kPad + kSample, y + kPad / 2}, kTextSize);
    }
}

} // namespace

void write_roc_plot(const std::filesystem::path &path, const std::string &title,
                    const std::vector<PlotSeries> &curves) {
    if (curves.empty()) throw Error(ErrorCode::invalid_argument, "nothing to plot", title);
    auto canvas = white_canvas(kLeft + kSide + kRight, kTop + kSide + kBottom);
    const Axes axes({kLeft, kTop, kSide, kSide}, {0, 1}, {0, 1}, kTicks);
    draw_label(canvas, title, {kLeft, 26}, kTitleSize);
    draw_label(canvas, "true-positive rate", {12, kTop - 14}, kTextSize);
    draw_label(canvas, "false-positive rate", {kLeft + kSide / 2 - 70, kTop + kSide + 48}, kTextSize);
    axes.draw(canvas);
    cv::line(canvas, axes.place(0, 0), axes.place(1, 1), cv::Scalar::all(170), 1, cv::LINE_AA);
    for (std::size_t i = 0; i < curves.size(); ++i) draw_curve(canvas, axes, curves[i], series_color(i));
    draw_key(canvas, curves);
    write_canvas(path, canvas);
}

} // namespace mirra::trainer
