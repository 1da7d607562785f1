// Curves as inline SVG.
#pragma once

#include "report/html.hpp"

#include <string>
#include <vector>

namespace mirra::trainer {

struct PlotPoint {
    double x = 0, y = 0;
};

struct PlotSeries {
    std::string name;              ///< empty: not in the key
    std::vector<PlotPoint> points; ///< by x; those that are not finite are left out
    bool dotted = false;           ///< every point is marked: few measurements, not a dense curve
};

struct Plot {
    std::string title, x_label;
    std::vector<PlotSeries> series; ///< those without a point are left out
    bool percent = false;           ///< y is a share: its axis is 0 to 100 %
    bool from_zero = false;         ///< y's axis begins at 0
};

/// A figure with title, key and axes; empty when no series has a point.
Html svg_plot(const Plot &plot);

/// Round numbers, `about` intervals or somewhat fewer, that cover [low, high].
std::vector<double> round_ticks(double low, double high, int about);

} // namespace mirra::trainer
