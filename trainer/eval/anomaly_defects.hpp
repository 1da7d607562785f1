// Synthetic defects on good parts: does the score rise, and does the heat map point at them?
#pragma once

#include "eval/anomaly.hpp"
#include "eval/float_picture.hpp"
#include "report/sheet.hpp"
#include "runtime/torch/libtorch.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace mirra::trainer {

/// A map [H, W] from black over red to yellow (inferno); values from `low` down are black, from `high` up
/// yellow.
FloatPicture color_map(const torch::Tensor &map, double low, double high);

enum class DefectKind : std::uint8_t { scratch, blob, missing_piece, color_shift };
inline constexpr std::array kDefectKinds{DefectKind::scratch, DefectKind::blob, DefectKind::missing_piece,
                                         DefectKind::color_shift};

/// "scratch", "blob", "missing piece", "colour shift".
std::string defect_name(DefectKind kind);

struct Defect {
    FloatPicture picture;
    std::vector<std::uint8_t> mask; ///< height x width: 1 exactly where the picture was changed
};

/// A defect somewhere in the middle of the picture; its place, shape and strength depend on the seed and the
/// picture's size, for a missing piece on its colours as well.
Defect add_defect(const FloatPicture &good, DefectKind kind, std::uint64_t seed);

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

Table defects_table(const std::vector<DefectRow> &rows);

/// Every good picture alone and with a defect of every kind.
/// @throws Interrupted after Ctrl-C | Error
DefectsResult evaluate_defects(const AnomalyEvaluation &evaluation);

} // namespace mirra::trainer
