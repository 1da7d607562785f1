// Rows of pictures, each row under a title, each picture over its caption.
#pragma once

#include "report/sheet.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

struct GalleryRow {
    std::string title;
    std::vector<SheetCell> cells;
};

/// Writes a PNG; all pictures are brought to `extent`. @throws Error io
void write_gallery(const std::filesystem::path &path, const std::vector<GalleryRow> &rows, int extent);

} // namespace mirra::trainer
