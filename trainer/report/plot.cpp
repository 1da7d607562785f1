#include "report/plot.hpp"

#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "mirra/picture_file.hpp"
#include "report/sheet.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

namespace mirra::trainer {
namespace {

constexpr double kWidth = 460, kLeft = 52, kRight = 14, kTop = 10, kBottom = 42, kInnerHeight = 218;
constexpr double kInnerWidth = kWidth - kLeft - kRight;
constexpr double kLargest = 1e30; ///< beyond it a value is not drawn
constexpr int kIntervals = 5;
constexpr const char *kGrid = "#e4e8ec", *kAxis = "#8c959f", *kText = "#57606a", *kMark = "#1b1f24";

enum class Anchor : std::uint8_t { start, middle, end };

/// Colours that are told apart by the colour-blind, too (Okabe and Ito 2008).
std::string color(std::size_t series) {
    constexpr std::array<const char *, 7> kColors{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                  "#56b4e9", "#e69f00", "#000000"};
    return kColors.at(series % kColors.size());
}

std::string coordinate(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", value);
    return text;
}

/// What plots are drawn with, in the units of the SVG.
class Pen {
  public:
    Pen() = default;
    Pen(const Pen &) = delete;
    Pen &operator=(const Pen &) = delete;
    virtual ~Pen() = default;
    virtual void curve(const std::vector<PlotPoint> &points, const std::string &ink, double width) = 0;
    virtual void line(PlotPoint from, PlotPoint to, const std::string &ink) { curve({from, to}, ink, 1); }
    virtual void dot(PlotPoint at, const std::string &ink) = 0;
    virtual void box(PlotPoint corner, PlotPoint opposite, const std::string &ink, double opacity) = 0;
    virtual void text(PlotPoint at, Anchor anchor, const std::string &text, const std::string &ink) = 0;
};

class SvgPen final : public Pen {
  public:
    void curve(const std::vector<PlotPoint> &points, const std::string &ink, double width) override {
        std::string places;
        for (const auto &point : points)
            places += (places.empty() ? "" : " ") + coordinate(point.x) + "," + coordinate(point.y);
        code_ << "<polyline fill=\"none\" stroke=\"" << ink << "\" stroke-width=\"" << coordinate(width)
              << "\" stroke-linejoin=\"round\" points=\"" << places << "\"/>\n";
    }
    void line(PlotPoint from, PlotPoint to, const std::string &ink) override {
        code_ << "<line x1=\"" << coordinate(from.x) << "\" x2=\"" << coordinate(to.x) << "\" y1=\""
              << coordinate(from.y) << "\" y2=\"" << coordinate(to.y) << "\" stroke=\"" << ink << "\"/>\n";
    }
    void dot(PlotPoint at, const std::string &ink) override {
        code_ << "<circle cx=\"" << coordinate(at.x) << "\" cy=\"" << coordinate(at.y) << "\" r=\"3\" fill=\""
              << ink << "\"/>\n";
    }
    void box(PlotPoint corner, PlotPoint opposite, const std::string &ink, double opacity) override {
        code_ << "<rect x=\"" << coordinate(corner.x) << "\" y=\"" << coordinate(corner.y) << "\" width=\""
              << coordinate(opposite.x - corner.x) << "\" height=\"" << coordinate(opposite.y - corner.y)
              << "\" fill=\"" << ink << "\" fill-opacity=\"" << coordinate(opacity) << "\"/>\n";
    }
    void text(PlotPoint at, Anchor anchor, const std::string &text, const std::string &ink) override {
        code_ << "<text x=\"" << coordinate(at.x) << "\" y=\"" << coordinate(at.y) << "\" fill=\"" << ink
              << "\" text-anchor=\"";
        if (anchor == Anchor::start) code_ << "start";
        if (anchor == Anchor::middle) code_ << "middle";
        if (anchor == Anchor::end) code_ << "end";
        code_ << "\">" << text << "</text>\n";
    }
    [[nodiscard]] const Html &code() const { return code_; }

  private:
    Html code_;
};

class PicturePen final : public Pen {
  public:
    static constexpr double kPixels = 2; ///< a unit
    PicturePen(double width, double height)
        : canvas_(white_canvas(static_cast<int>(kPixels * width), static_cast<int>(kPixels * height))) {}

    void curve(const std::vector<PlotPoint> &points, const std::string &ink, double width) override {
        std::vector<cv::Point> places;
        for (const auto &point : points) places.push_back(fine(point));
        const auto thickness = std::max(1, static_cast<int>(std::lround(width * kPixels * 0.7)));
        cv::polylines(canvas_, places, false, rgb(ink), thickness, cv::LINE_AA, kShift);
    }
    void dot(PlotPoint at, const std::string &ink) override {
        cv::circle(canvas_, fine(at), static_cast<int>(3 * kPixels) << kShift, rgb(ink), cv::FILLED,
                   cv::LINE_AA, kShift);
    }
    void box(PlotPoint corner, PlotPoint opposite, const std::string &ink, double opacity) override {
        const cv::Rect area(pixel(corner), pixel(opposite));
        auto part = canvas_(area & cv::Rect({0, 0}, canvas_.size()));
        cv::addWeighted(cv::Mat(part.size(), part.type(), rgb(ink)), opacity, part, 1 - opacity, 0, part);
    }
    void text(PlotPoint at, Anchor anchor, const std::string &text, const std::string &) override {
        constexpr double kLetters = 0.8;
        std::string plain; // OpenCV's letters are those of ASCII
        for (const char c : text)
            if (static_cast<signed char>(c) > 0) plain += c;
        int baseline = 0;
        const auto width = cv::getTextSize(plain, cv::FONT_HERSHEY_SIMPLEX, kLetters, 1, &baseline).width;
        const int shift = anchor == Anchor::start ? 0 : anchor == Anchor::middle ? width / 2 : width;
        draw_label(canvas_, plain, pixel(at) - cv::Point(shift, 0), kLetters);
    }
    [[nodiscard]] const cv::Mat &picture() const { return canvas_; }

  private:
    static constexpr int kShift = 4; ///< binary places of a pixel

    static cv::Point pixel(PlotPoint at) {
        return {static_cast<int>(std::lround(kPixels * at.x)), static_cast<int>(std::lround(kPixels * at.y))};
    }
    static cv::Point fine(PlotPoint at) { return pixel({at.x * (1 << kShift), at.y * (1 << kShift)}); }
    static cv::Scalar rgb(const std::string &ink) {
        const auto value = std::stoul(ink.substr(1), nullptr, 16);
        return cv::Scalar(static_cast<double>(value >> 16), static_cast<double>(value >> 8 & 255),
                          static_cast<double>(value & 255));
    }

    cv::Mat canvas_;
};

struct Axis {
    std::vector<double> ticks;
    double low = 0, high = 1;
};

/// As many decimals as tell the ticks apart; thousands as k.
std::string tick_label(double value, const Axis &axis) {
    constexpr double kThousand = 1000, kLarge = 10'000;
    if (value == 0) return "0";
    double step = axis.ticks.size() > 1 ? axis.ticks[1] - axis.ticks[0] : 1;
    const bool large = std::max(std::abs(axis.ticks.front()), std::abs(axis.ticks.back())) >= kLarge;
    if (large) {
        value /= kThousand;
        step /= kThousand;
    }
    constexpr int kMost = 5;
    const int places = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
    char text[48];
    if (places > kMost || value >= 1e6)
        std::snprintf(text, sizeof text, "%.1e", value);
    else
        std::snprintf(text, sizeof text, "%.*f", places, value);
    return std::string(text) + (large ? "k" : "");
}

struct Range {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    void take(double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
};

Axis y_axis(const Plot &plot) {
    if (plot.percent) return {.ticks = round_ticks(0, 100, kIntervals), .low = 0, .high = 100};
    Range range;
    if (plot.rates) range = {.low = 0, .high = 1};
    for (const auto &series : plot.series)
        for (const auto &point : series.points) range.take(point.y);
    for (const auto &bars : plot.bars)
        for (const double height : bars.heights) range.take(height);
    if (plot.from_zero || !plot.bars.empty()) range.take(0);
    Axis axis{.ticks = round_ticks(range.low, range.high, kIntervals)};
    axis.low = axis.ticks.front();
    axis.high = axis.ticks.back();
    return axis;
}

/// From 0 on, but that of bars over their range.
Axis x_axis(const Plot &plot) {
    Range range;
    if (plot.bars.empty()) range = {.low = 0, .high = 0};
    for (const auto &series : plot.series)
        for (const auto &point : series.points) range.take(point.x);
    for (const auto &bars : plot.bars) {
        range.take(bars.low);
        range.take(bars.high);
    }
    if (plot.threshold) range.take(*plot.threshold);
    if (!(range.high > range.low)) range.high = range.low + 1;
    Axis axis{.ticks = round_ticks(range.low, range.high, kIntervals), .low = range.low, .high = range.high};
    std::erase_if(axis.ticks, [&](double tick) { return tick < range.low || tick > range.high; });
    if (axis.ticks.empty()) axis.ticks = {range.low};
    return axis;
}

Plot drawable(Plot plot) {
    constexpr double kPercent = 100;
    for (auto &series : plot.series) {
        std::erase_if(series.points, [](const auto &point) {
            return !(std::abs(point.x) < kLargest && std::abs(point.y) < kLargest);
        });
        if (plot.percent)
            for (auto &point : series.points) point.y = std::clamp(kPercent * point.y, 0.0, kPercent);
    }
    std::erase_if(plot.series, [](const auto &series) { return series.points.empty(); });
    std::erase_if(plot.bars, [](const auto &bars) { return bars.heights.empty(); });
    return plot;
}

bool is_empty(const Plot &drawn) {
    return drawn.series.empty() && drawn.bars.empty();
}

double inner_height(const Plot &plot) {
    return plot.rates ? kInnerWidth : kInnerHeight;
}

/// The axes and what lies between them, with the upper left corner at a place.
class Panel {
  public:
    /// @param plot  as drawable() leaves it, not empty
    Panel(const Plot &plot, PlotPoint corner)
        : plot_(plot)
        , left_(corner.x + kLeft)
        , top_(corner.y + kTop)
        , height_(inner_height(plot))
        , x_(x_axis(plot))
        , y_(y_axis(plot)) {}

    void draw(Pen &pen) const {
        draw_axes(pen);
        if (plot_.rates) pen.line(place({0, 0}), place({1, 1}), kAxis);
        for (std::size_t i = 0; i < plot_.bars.size(); ++i)
            draw_bars(pen, plot_.bars[i], color(plot_.series.size() + i));
        for (std::size_t i = 0; i < plot_.series.size(); ++i) draw_series(pen, plot_.series[i], color(i));
        if (!plot_.threshold) return;
        const auto mark = place({*plot_.threshold, y_.high});
        pen.line(mark, {mark.x, top_ + height_}, kMark);
        pen.text({mark.x + 3, mark.y + 10}, Anchor::start, "threshold", kMark);
    }

  private:
    [[nodiscard]] PlotPoint place(PlotPoint value) const {
        return {left_ + (value.x - x_.low) / (x_.high - x_.low) * kInnerWidth,
                top_ + (y_.high - value.y) / (y_.high - y_.low) * height_};
    }
    void draw_axes(Pen &pen) const {
        constexpr double kBelow = 18, kBeside = 7, kBaseline = 4, kLabel = 36, kTick = 4;
        const double right = left_ + kInnerWidth, bottom = top_ + height_;
        for (const double tick : y_.ticks) {
            const double at = place({x_.low, tick}).y;
            pen.line({left_, at}, {right, at}, kGrid);
            pen.text({left_ - kBeside, at + kBaseline}, Anchor::end,
                     tick_label(tick, y_) + (plot_.percent ? "\u2009%" : ""), kText);
        }
        for (const double tick : x_.ticks) {
            const double at = place({tick, y_.low}).x;
            pen.line({at, bottom}, {at, bottom + kTick}, kAxis);
            pen.text({at, bottom + kBelow}, Anchor::middle, tick_label(tick, x_), kText);
        }
        pen.line({left_, bottom}, {right, bottom}, kAxis);
        pen.text({left_ + kInnerWidth / 2, bottom + kLabel}, Anchor::middle, plot_.x_label, kText);
    }
    void draw_series(Pen &pen, const PlotSeries &series, const std::string &ink) const {
        constexpr double kThick = 2, kThin = 1.4;
        std::vector<PlotPoint> places;
        for (const auto &point : series.points) places.push_back(place(point));
        pen.curve(places, ink, series.dotted ? kThick : kThin);
        if (series.dotted || places.size() == 1)
            for (const auto &at : places) pen.dot(at, ink);
    }
    void draw_bars(Pen &pen, const PlotBars &bars, const std::string &ink) const {
        constexpr double kOpacity = 0.3;
        const double step = (bars.high - bars.low) / static_cast<double>(bars.heights.size());
        std::vector<PlotPoint> top{place({bars.low, 0})};
        for (std::size_t i = 0; i < bars.heights.size(); ++i) {
            const double from = bars.low + static_cast<double>(i) * step;
            const auto left = place({from, bars.heights[i]}), right = place({from + step, bars.heights[i]});
            if (bars.heights[i] > 0) pen.box(left, {right.x, place({from, 0}).y}, ink, kOpacity);
            top.insert(top.end(), {left, right});
        }
        top.push_back(place({bars.high, 0}));
        pen.curve(top, ink, 1);
    }

    const Plot &plot_;
    double left_, top_, height_;
    Axis x_, y_;
};

struct KeyEntry {
    std::string name, ink;
    bool dotted = false;
};

std::vector<KeyEntry> key_of(const Plot &drawn) {
    std::vector<KeyEntry> out;
    for (std::size_t i = 0; i < drawn.series.size(); ++i)
        if (!drawn.series[i].name.empty())
            out.push_back({drawn.series[i].name, color(i), drawn.series[i].dotted});
    for (std::size_t i = 0; i < drawn.bars.size(); ++i)
        out.push_back({drawn.bars[i].name, color(drawn.series.size() + i)});
    return out;
}

/// A sample of every series with its name.
Html key(const Plot &drawn) {
    Html out;
    for (const auto &entry : key_of(drawn)) {
        out << "<span class=\"key\"><svg width=\"24\" height=\"10\" aria-hidden=\"true\"><line x1=\"1\" "
               "x2=\"23\" y1=\"5\" y2=\"5\" stroke-width=\"2\" stroke=\""
            << entry.ink << "\"/>";
        if (entry.dotted) out << "<circle cx=\"12\" cy=\"5\" r=\"3.5\" fill=\"" << entry.ink << "\"/>";
        out << "</svg>" << entry.name << "</span> ";
    }
    return out;
}

/// Title, key and the label of y above a panel that stands by itself.
constexpr double kTitleHeight = 22, kKeyHeight = 16, kLabelHeight = 16;

double head_height(const Plot &drawn) {
    return kTitleHeight + kKeyHeight * static_cast<double>(key_of(drawn).size()) +
           (drawn.y_label.empty() ? 0 : kLabelHeight);
}

double panel_height(const Plot &drawn) {
    return head_height(drawn) + kTop + inner_height(drawn) + kBottom;
}

void draw_alone(Pen &pen, const Plot &drawn, PlotPoint corner) {
    constexpr double kSample = 24, kGap = 6, kBaseline = 4;
    pen.text({corner.x + kLeft, corner.y + 16}, Anchor::start, drawn.title, kMark);
    double y = corner.y + kTitleHeight + kKeyHeight / 2;
    for (const auto &entry : key_of(drawn)) {
        const double x = corner.x + kLeft;
        pen.curve({{x, y}, {x + kSample, y}}, entry.ink, 2);
        if (entry.dotted) pen.dot({x + kSample / 2, y}, entry.ink);
        pen.text({x + kSample + kGap, y + kBaseline}, Anchor::start, entry.name, kText);
        y += kKeyHeight;
    }
    if (!drawn.y_label.empty()) pen.text({corner.x + 6, y + kBaseline}, Anchor::start, drawn.y_label, kText);
    if (!is_empty(drawn)) Panel(drawn, {corner.x, corner.y + head_height(drawn)}).draw(pen);
}

bool is_svg(const std::filesystem::path &path) {
    return path.extension() == ".svg";
}

std::string svg_file(double width, double height, const Html &code) {
    Html out;
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << coordinate(width) << " "
        << coordinate(height)
        << "\" font-family=\"system-ui, sans-serif\" font-size=\"12.5\">\n<rect width=\"100%\" "
           "height=\"100%\" fill=\"#ffffff\"/>\n"
        << code << "</svg>\n";
    return out.code();
}

} // namespace

std::vector<double> round_ticks(double low, double high, int about) {
    constexpr double kSame = 1e-9, kRounding = 1e-6;
    const double size = std::max(std::abs(low), std::abs(high));
    if (!(high - low > kSame * size)) { // one value: an interval around it
        const double around = size == 0 ? 1 : size / 2;
        low -= around;
        high += around;
    }
    const double raw = (high - low) / about, magnitude = std::pow(10, std::floor(std::log10(raw)));
    double step = 10 * magnitude;
    for (const double factor : {5.0, 2.0, 1.0})
        if (factor * magnitude >= raw * (1 - kSame)) step = factor * magnitude;
    const auto first = std::llround(std::floor(low / step + kRounding));
    const auto last = std::llround(std::ceil(high / step - kRounding));
    std::vector<double> ticks;
    for (auto i = first; i <= last; ++i) ticks.push_back(static_cast<double>(i) * step);
    return ticks;
}

Html svg_plot(const Plot &plot) {
    const auto drawn = drawable(plot);
    if (is_empty(drawn)) return {};
    SvgPen pen;
    Panel(drawn, {0, 0}).draw(pen);
    Html out;
    out << "<figure class=\"plot\"><figcaption><b>" << drawn.title << "</b> " << key(drawn)
        << "</figcaption>\n<svg viewBox=\"0 0 " << coordinate(kWidth) << " "
        << coordinate(kTop + inner_height(drawn) + kBottom) << "\" role=\"img\" aria-label=\"" << drawn.title
        << "\">\n"
        << pen.code() << "</svg></figure>\n";
    return out;
}

void write_plots(const std::filesystem::path &path, const std::vector<Plot> &plots, int columns) {
    std::vector<Plot> drawn;
    for (const auto &plot : plots) {
        if (is_empty(plot)) throw Error(ErrorCode::invalid_argument, "nothing to plot", plot.title);
        drawn.push_back(drawable(plot));
    }
    if (drawn.empty()) throw Error(ErrorCode::invalid_argument, "nothing to plot", path.string());
    const auto row = static_cast<std::size_t>(std::clamp(columns, 1, static_cast<int>(drawn.size())));
    std::vector<PlotPoint> corners;
    double height = 0, tallest = 0;
    for (std::size_t i = 0; i < drawn.size(); ++i) {
        if (i % row == 0) height += std::exchange(tallest, 0);
        corners.push_back({kWidth * static_cast<double>(i % row), height});
        tallest = std::max(tallest, panel_height(drawn[i]));
    }
    height += tallest;
    const double width = kWidth * static_cast<double>(row);
    const auto draw = [&](Pen &pen) {
        for (std::size_t i = 0; i < drawn.size(); ++i) draw_alone(pen, drawn[i], corners[i]);
    };
    if (is_svg(path)) {
        SvgPen pen;
        draw(pen);
        write_file(path, svg_file(width, height, pen.code()));
    } else {
        PicturePen pen(width, height);
        draw(pen);
        write_canvas(path, pen.picture());
    }
}

void check_plot(const std::filesystem::path &path) {
    if (path.empty()) return;
    if (is_svg(path)) return check_writable(path);
    try {
        image::check_write(path, 0, 0);
    } catch (const Error &error) {
        if (error.code() != ErrorCode::unsupported || error.hint().empty()) throw;
        throw Error(error.code(), error.what(), error.subject(), error.hint() + ", or .svg");
    }
}

PlotSeries log_series(const RunLog &log, const std::string &column, const std::string &name, bool dotted) {
    PlotSeries out{.name = name, .points = {}, .dotted = dotted};
    const auto found = std::ranges::find(log.columns(), column);
    if (found == log.columns().end()) return out;
    const auto at = static_cast<std::size_t>(found - log.columns().begin());
    for (const auto &row : log.rows()) out.points.push_back({static_cast<double>(row.step), row.values[at]});
    return out;
}

void draw_curves(const std::filesystem::path &path, const std::string &title, const RunLog &log) {
    std::vector<Plot> plots;
    for (const auto &column : log.columns())
        plots.push_back({.title = title + ": " + column,
                         .x_label = "step",
                         .y_label = {},
                         .series = {log_series(log, column, "")}});
    write_plots(path, plots);
}

} // namespace mirra::trainer
