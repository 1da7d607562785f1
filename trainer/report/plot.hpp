// One description of a plot, drawn as inline SVG of a page, as an SVG file or as a PNG.
#pragma once

#include "core/run_folder.hpp"
#include "report/html.hpp"

#include <filesystem>
#include <optional>
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

/// Bars of one width that stand side by side over [low, high].
struct PlotBars {
    std::string name;
    double low = 0, high = 1;
    std::vector<double> heights;
};

struct Plot {
    std::string title, x_label, y_label;
    std::vector<PlotSeries> series;       ///< those without a point are left out
    std::vector<PlotBars> bars = {};      ///< half transparent, over the range of all
    std::optional<double> threshold = {}; ///< an x that is marked
    bool percent = false;                 ///< y is a share: its axis is 0 to 100 %
    bool from_zero = false;               ///< y's axis begins at 0
    bool rates = false;                   ///< both axes are 0 to 1 and as long, with the line of chance
};

/// A figure with title, key and axes; empty when nothing has a point.
Html svg_plot(const Plot &plot);

/// As an SVG where the file's name ends so, else as a picture; panels in rows of `columns`.
/// @throws Error io | invalid_argument (nothing to plot)
void write_plots(const std::filesystem::path &path, const std::vector<Plot> &plots, int columns = 1);

/// Fails before the work where write_plots() would in the end; an empty path is none.
/// @throws Error io | not_found | unsupported
void check_plot(const std::filesystem::path &path);

/// One panel a column of a training's log, over its steps. @throws Error io
void draw_curves(const std::filesystem::path &path, const std::string &title, const RunLog &log);

/// The column of a log over its steps; without a point where the log has none.
PlotSeries log_series(const RunLog &log, const std::string &column, const std::string &name,
                      bool dotted = false);

/// Round numbers, `about` intervals or somewhat fewer, that cover [low, high].
std::vector<double> round_ticks(double low, double high, int about);

} // namespace mirra::trainer
