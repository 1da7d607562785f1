// Curves of denoisers: what time and what training give.
#pragma once

#include "eval/denoising.hpp"
#include "report/line_plot.hpp"

namespace mirra::trainer {

/// PSNR over seconds per million pixels, means over the rows: a curve through the bundles, a point for every
/// other method but the noise itself.
LinePlot plot_over_time(const std::vector<DenoisingRow> &rows);

/// PSNR of bundles over the steps of their training, a curve for each number of training pictures.
/// @throws Error invalid_argument if a bundle's manifest does not say both
LinePlot plot_over_steps(const std::vector<DenoisingRow> &rows);

/// What plot_over_steps() would say of the bundles, before they are measured.
/// @throws Error as that does
void check_trainings(const std::vector<std::filesystem::path> &bundles);

} // namespace mirra::trainer
