// A contact sheet: pictures side by side with captions, and below them the same detail of each, enlarged.
#pragma once

#include "handles.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>

namespace mirra::cli {

/// A picture of a sheet. The picture must outlive the entry.
struct SheetEntry {
    const Picture *picture;
    std::string label;
};

/// How a sheet is laid out.
struct SheetSettings {
    int cell_width = 720;                        ///< larger pictures are shown smaller, by area averaging
    bool zoom = false;                           ///< add the row of enlarged details
    int zoom_factor = 4;                         ///< pixels of the sheet for one of the picture
    std::optional<std::pair<int, int>> detail{}; ///< centre of the detail; none: the middle of the picture
};

/// Width and height of the sheet of these pictures. Throws Failure (input) as make_sheet.
std::pair<int, int> sheet_size(std::span<const mirra_image> images, const SheetSettings &settings);

/// The sheet as an 8-bit RGB picture. It has the colour tags of the entries where these are the same;
/// otherwise all are converted to sRGB. Transparent pixels are shown over white. All entries are shown at the
/// same scale; they may differ in size. Throws Failure (input) if the sheet would be unreasonably large.
Picture make_sheet(std::span<const SheetEntry> entries, const SheetSettings &settings);

} // namespace mirra::cli
