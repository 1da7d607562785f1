// Synthetic defects on pictures of good parts, with masks of what they changed.
#pragma once

#include "eval/float_picture.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace mirra::trainer {

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

} // namespace mirra::trainer
