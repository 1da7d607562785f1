// A plot of a few measurements as a PNG.
#pragma once

#include "report/svg_plot.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

struct LinePlot {
    std::string title, x_label, y_label;
    std::vector<PlotSeries> series; ///< every point is marked
};

/// @throws Error io | invalid_argument (no point)
void write_line_plot(const std::filesystem::path &path, const LinePlot &plot);

} // namespace mirra::trainer
