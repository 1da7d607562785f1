// Counting and drawing.
#include "report/histogram.hpp"

#include "mirra/error.hpp"
#include "report/axes.hpp"
#include "report/canvas.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace mirra::trainer {
namespace {

constexpr int kPanelWidth = 520, kPanelHeight = 340, kLeft = 74, kRight = 20, kTop = 64, kBottom = 58;
constexpr int kTicks = 6, kBins = 32;
const cv::Scalar kNormal(30, 90, 200), kAnomalous(200, 80, 30);

double position(double score) {
    constexpr double kSmallest = 1e-12;
    return std::log10(std::max(score, kSmallest));
}

std::vector<double> shares(const std::vector<double> &scores, const ValueRange &range) {
    std::vector<double> out(kBins, 0);
    for (const double score : scores) {
        const double part = (position(score) - range.low) / (range.high - range.low);
        out[static_cast<std::size_t>(std::clamp(static_cast<int>(part * kBins), 0, kBins - 1))] +=
            1 / static_cast<double>(scores.size());
    }
    return out;
}

/// Half transparent bars with the outline of their tops.
void draw_bars(cv::Mat &canvas, const Axes &axes, const ValueRange &range, const std::vector<double> &bars,
               const cv::Scalar &color) {
    constexpr double kOpacity = 0.3;
    const double step = (range.high - range.low) / kBins;
    auto filled = canvas.clone();
    std::vector<cv::Point> top{axes.place(range.low, 0)};
    for (int i = 0; i < kBins; ++i) {
        const double height = bars[static_cast<std::size_t>(i)];
        const auto left = axes.place(range.low + i * step, height);
        const auto right = axes.place(range.low + (i + 1) * step, height);
        if (height > 0) cv::rectangle(filled, left, {right.x, axes.place(range.low, 0).y}, color, cv::FILLED);
        top.insert(top.end(), {left, right});
    }
    top.push_back(axes.place(range.high, 0));
    cv::addWeighted(filled, kOpacity, canvas, 1 - kOpacity, 0, canvas);
    cv::polylines(canvas, top, false, color, 1, cv::LINE_AA);
}

void draw_key(cv::Mat &canvas) {
    constexpr int kSample = 12, kY = 48;
    int x = kLeft;
    for (const auto &[name, color] : {std::pair("normal", kNormal), std::pair("anomalous", kAnomalous)}) {
        cv::rectangle(canvas, cv::Rect(x, kY - kSample / 2, kSample, kSample), color, cv::FILLED);
        draw_label(canvas, name, {x + 18, kY + 5}, kTextSize);
        x += 90;
    }
}

void draw_threshold(cv::Mat &canvas, const Axes &axes, double threshold) {
    const auto top = axes.place(position(threshold), axes.high_y());
    const auto bottom = axes.place(position(threshold), 0);
    cv::line(canvas, top, bottom, cv::Scalar::all(60), 1, cv::LINE_AA);
    draw_label(canvas, "threshold", top + cv::Point(4, -4), 0.4);
}

void draw_panel(cv::Mat canvas, const ScoreHistogram &histogram, const std::string &x_label) {
    ValueRange range, y{.low = 0, .high = 0};
    for (const auto *scores : {&histogram.normal, &histogram.anomalous})
        for (const double score : *scores) range.take(position(score));
    if (histogram.threshold) range.take(position(*histogram.threshold));
    if (range.high < range.low)
        throw Error(ErrorCode::invalid_argument, "no scores to count", histogram.title);
    if (range.high == range.low) range = {.low = range.low - 0.5, .high = range.high + 0.5};
    const auto normal = shares(histogram.normal, range), anomalous = shares(histogram.anomalous, range);
    for (const auto *bars : {&normal, &anomalous})
        for (const double bar : *bars) y.take(bar);
    const Axes axes({kLeft, kTop, kPanelWidth - kLeft - kRight, kPanelHeight - kTop - kBottom}, range, y,
                    kTicks);
    draw_label(canvas, histogram.title, {kLeft, 26}, 0.5);
    draw_label(canvas, "share", {12, kTop - 14}, kTextSize);
    draw_label(canvas, x_label, {kLeft, kPanelHeight - 14}, kTextSize);
    axes.draw(canvas);
    draw_bars(canvas, axes, range, normal, kNormal);
    draw_bars(canvas, axes, range, anomalous, kAnomalous);
    if (histogram.threshold) draw_threshold(canvas, axes, *histogram.threshold);
    draw_key(canvas);
}

} // namespace

void write_histograms(const std::filesystem::path &path, const std::string &x_label,
                      const std::vector<ScoreHistogram> &histograms, int columns) {
    if (histograms.empty()) throw Error(ErrorCode::invalid_argument, "nothing to plot", path.string());
    const auto count = static_cast<int>(histograms.size());
    columns = std::min(columns, count);
    const int rows = (count + columns - 1) / columns;
    auto canvas = white_canvas(columns * kPanelWidth, rows * kPanelHeight);
    for (int i = 0; i < count; ++i)
        draw_panel(canvas(cv::Rect(i % columns * kPanelWidth, i / columns * kPanelHeight, kPanelWidth,
                                   kPanelHeight)),
                   histograms[static_cast<std::size_t>(i)], x_label);
    write_canvas(path, canvas);
}

} // namespace mirra::trainer
