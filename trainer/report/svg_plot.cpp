// Drawing.
#include "report/svg_plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace mirra::trainer {
namespace {

constexpr double kWidth = 460, kHeight = 270, kLeft = 52, kRight = 14, kTop = 10, kBottom = 42;
constexpr double kInnerWidth = kWidth - kLeft - kRight, kInnerHeight = kHeight - kTop - kBottom;
constexpr double kLargest = 1e30; ///< beyond it a value is not drawn
constexpr int kIntervals = 5;

/// Colours that are told apart by the colour-blind, too (Okabe and Ito 2008).
std::string color(std::size_t series) {
    constexpr std::array<const char *, 4> kColors{"#0072b2", "#d55e00", "#009e73", "#cc79a7"};
    return kColors.at(series % kColors.size());
}

struct Axis {
    std::vector<double> ticks;
    double low = 0, high = 1;
};

std::string coordinate(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", value);
    return text;
}

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

Axis y_axis(const Plot &plot) {
    if (plot.percent) return {.ticks = round_ticks(0, 100, kIntervals), .low = 0, .high = 100};
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const auto &series : plot.series)
        for (const auto &point : series.points) {
            low = std::min(low, point.y);
            high = std::max(high, point.y);
        }
    if (plot.from_zero) low = std::min(low, 0.0);
    Axis axis{.ticks = round_ticks(low, high, kIntervals)};
    axis.low = axis.ticks.front();
    axis.high = axis.ticks.back();
    return axis;
}

Axis x_axis(const Plot &plot) {
    double last = 0;
    for (const auto &series : plot.series) last = std::max(last, series.points.back().x);
    if (last <= 0) last = 1;
    Axis axis{.ticks = round_ticks(0, last, kIntervals), .low = 0, .high = last};
    std::erase_if(axis.ticks, [&](double tick) { return tick > last; });
    return axis;
}

double place_x(double x, const Axis &axis) {
    return kLeft + (x - axis.low) / (axis.high - axis.low) * kInnerWidth;
}

double place_y(double y, const Axis &axis) {
    return kTop + (axis.high - y) / (axis.high - axis.low) * kInnerHeight;
}

Html grid(const Plot &plot, const Axis &x, const Axis &y) {
    constexpr double kBelow = 18, kBeside = 7, kBaseline = 4, kLabel = 36;
    const auto left = coordinate(kLeft), right = coordinate(kWidth - kRight);
    const auto bottom = kTop + kInnerHeight;
    Html out;
    for (const double tick : y.ticks) {
        const auto at = coordinate(place_y(tick, y));
        out << "<line class=\"grid\" x1=\"" << left << "\" x2=\"" << right << "\" y1=\"" << at << "\" y2=\""
            << at << "\"/><text text-anchor=\"end\" x=\"" << coordinate(kLeft - kBeside) << "\" y=\""
            << coordinate(place_y(tick, y) + kBaseline) << "\">" << tick_label(tick, y);
        if (plot.percent) out << "&#8201;%";
        out << "</text>\n";
    }
    for (const double tick : x.ticks) {
        const auto at = coordinate(place_x(tick, x));
        out << "<line class=\"axis\" x1=\"" << at << "\" x2=\"" << at << "\" y1=\"" << coordinate(bottom)
            << "\" y2=\"" << coordinate(bottom + 4) << "\"/><text text-anchor=\"middle\" x=\"" << at
            << "\" y=\"" << coordinate(bottom + kBelow) << "\">" << tick_label(tick, x) << "</text>\n";
    }
    out << "<line class=\"axis\" x1=\"" << left << "\" x2=\"" << right << "\" y1=\"" << coordinate(bottom)
        << "\" y2=\"" << coordinate(bottom) << "\"/><text text-anchor=\"middle\" x=\""
        << coordinate(kLeft + kInnerWidth / 2) << "\" y=\"" << coordinate(bottom + kLabel) << "\">"
        << plot.x_label << "</text>\n";
    return out;
}

Html curve(const PlotSeries &series, const std::string &ink, const Axis &x, const Axis &y) {
    std::string points;
    Html dots;
    for (const auto &point : series.points) {
        const auto px = coordinate(place_x(point.x, x)), py = coordinate(place_y(point.y, y));
        points += px + "," + py + " ";
        if (series.dotted || series.points.size() == 1)
            dots << "<circle cx=\"" << px << "\" cy=\"" << py << "\" r=\"3\" fill=\"" << ink << "\"/>";
    }
    Html out;
    out << "<polyline fill=\"none\" stroke=\"" << ink << "\" stroke-width=\"";
    if (series.dotted)
        out << "2";
    else
        out << "1.4";
    out << "\" stroke-linejoin=\"round\" points=\"" << points << "\"/>" << dots << "\n";
    return out;
}

/// A sample of every series with its name.
Html key(const Plot &plot) {
    Html out;
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
        const auto &series = plot.series[i];
        if (series.name.empty()) continue;
        out << "<span class=\"key\"><svg width=\"24\" height=\"10\" aria-hidden=\"true\"><line x1=\"1\" "
               "x2=\"23\" "
               "y1=\"5\" y2=\"5\" stroke-width=\"2\" stroke=\""
            << color(i) << "\"/>";
        if (series.dotted) out << "<circle cx=\"12\" cy=\"5\" r=\"3.5\" fill=\"" << color(i) << "\"/>";
        out << "</svg>" << series.name << "</span> ";
    }
    return out;
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
    return plot;
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
    if (drawn.series.empty()) return {};
    const auto x = x_axis(drawn), y = y_axis(drawn);
    Html out;
    out << "<figure class=\"plot\"><figcaption><b>" << drawn.title << "</b> " << key(drawn)
        << "</figcaption>\n<svg viewBox=\"0 0 " << coordinate(kWidth) << " " << coordinate(kHeight)
        << "\" role=\"img\" aria-label=\"" << drawn.title << "\">\n"
        << grid(drawn, x, y);
    for (std::size_t i = 0; i < drawn.series.size(); ++i) out << curve(drawn.series[i], color(i), x, y);
    out << "</svg></figure>\n";
    return out;
}

} // namespace mirra::trainer
