// Sheets of denoised pictures, as the paper's Figures 7 and A6.
#pragma once

#include "report/sheet.hpp"

#include <optional>
#include <utility>

namespace mirra::trainer {

/// The rows of one picture: all cells reduced to what a sheet can show, captioned; below them, where that
/// made them smaller, a part of each at its own size.
/// @param cells   of one size
/// @param corner  the part's upper left corner; none: the part is in the middle
std::vector<SheetRow> denoising_sheet_rows(const SheetRow &cells,
                                           const std::optional<std::pair<int, int>> &corner);

} // namespace mirra::trainer
