// Sheets: rows of captioned pictures side by side.
#pragma once

#include "eval/float_picture.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

struct SheetCell {
    std::string caption;
    FloatPicture picture;
};
using SheetRow = std::vector<SheetCell>;

/// Writes a PNG. @throws Error io
void write_sheet(const std::filesystem::path &path, const std::vector<SheetRow> &rows);

} // namespace mirra::trainer
