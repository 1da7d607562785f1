// What an evaluation of denoisers prints, draws and records.
#pragma once

#include "eval/denoising.hpp"
#include "report/plot.hpp"
#include "report/sheet.hpp"
#include "report/table.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mirra::trainer {

/// The paper's figures stand beside.
class DenoisingTable : public Table {
  public:
    explicit DenoisingTable(const DenoisingEvaluation &evaluation);
    void add(const DenoisingRow &row);

  private:
    const DenoisingEvaluation &evaluation_;
};

/// PSNR over seconds per million pixels, means over the rows: a curve through the bundles, a point for every
/// other method but the noise itself.
Plot plot_over_time(const std::vector<DenoisingRow> &rows);

/// PSNR of bundles over the steps of their training, a curve for each number of training pictures.
/// @throws Error invalid_argument if a bundle's manifest does not say both
Plot plot_over_steps(const std::vector<DenoisingRow> &rows);

/// What plot_over_steps() would say of the bundles, before they are measured.
/// @throws Error as that does
void check_trainings(const std::vector<std::filesystem::path> &bundles);

/// The rows of one picture: all cells reduced to what a sheet can show, captioned; below them, where that
/// made them smaller, a part of each at its own size.
/// @param cells   of one size
/// @param corner  the part's upper left corner; none: the part is in the middle
std::vector<SheetRow> denoising_sheet_rows(const SheetRow &cells,
                                           const std::optional<std::pair<int, int>> &corner);

/// Of every bundle: replaces the manifest's quality rows of the same data and noise and, after fp32 on a
/// device that has bf16 in hardware, measures its loss: the largest drop of the mean PSNR over the rows. The
/// weights are rewritten unchanged.
/// @throws Error
void record_denoising(const DenoisingEvaluation &evaluation, const std::vector<DenoisingRow> &rows);

} // namespace mirra::trainer
