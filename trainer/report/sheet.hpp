// Pictures side by side with captions: sheets and galleries.
#pragma once

#include "eval/float_picture.hpp"

#include <opencv2/core.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

/// The values of a picture, which must outlive it.
cv::Mat mat_of(const FloatPicture &picture);

FloatPicture picture_of(const cv::Mat &pixels);

/// With that longest side, by means of pixels.
FloatPicture reduced(const FloatPicture &picture, int longest);

/// A white picture, RGB with 8 bits.
cv::Mat white_canvas(int width, int height);
void draw_label(cv::Mat &canvas, const std::string &text, cv::Point place, double size);
/// As a PNG. @throws Error io
void write_canvas(const std::filesystem::path &path, const cv::Mat &canvas);

struct SheetCell {
    std::string caption;
    FloatPicture picture;
};
using SheetRow = std::vector<SheetCell>;

/// Writes a PNG. @throws Error io
void write_sheet(const std::filesystem::path &path, const std::vector<SheetRow> &rows);

struct GalleryRow {
    std::string title;
    std::vector<SheetCell> cells;
};

/// Writes a PNG; all pictures are brought to `extent`. @throws Error io
void write_gallery(const std::filesystem::path &path, const std::vector<GalleryRow> &rows, int extent);

} // namespace mirra::trainer
