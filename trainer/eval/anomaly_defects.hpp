// Synthetic defects on good parts: does the score rise, and does the heat map point at them?
#pragma once

#include "eval/anomaly_command.hpp"
#include "report/sheet.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mirra::trainer {

struct DefectRow {
    std::string kind, method;
    std::size_t pictures = 0; ///< good ones, and as many with the defect
    Auroc image, pixel;       ///< the pixels' has no error: neighbours are not independent
};

struct DefectsResult {
    std::vector<DefectRow> rows; ///< kind by kind, then their mean
    std::vector<SheetRow> sheet; ///< picture, mask, a heat map a method
    std::vector<std::string> skipped;
};

/// Adds the heat of each pixel to those of the pixels that the defect changed, or of the others.
/// @param heat  {height, width}
/// @param mask  height x width, as Defect has it
void add_pixels(const torch::Tensor &heat, const std::vector<std::uint8_t> &mask, LabelledScores &pixels);

/// Every good picture alone and with a defect of every kind.
/// @throws Interrupted after Ctrl-C | Error
DefectsResult evaluate_defects(const AnomalyEvaluation &evaluation);

} // namespace mirra::trainer
