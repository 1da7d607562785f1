// Receiver operating characteristics as a PNG.
#pragma once

#include "report/svg_plot.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

/// A square plot of rates with the line of chance; the key in its lower right, where good curves leave room.
/// @throws Error io | invalid_argument (no curve)
void write_roc_plot(const std::filesystem::path &path, const std::string &title,
                    const std::vector<PlotSeries> &curves);

} // namespace mirra::trainer
