// Drawing on an OpenCV picture: what plots and sheets share.
#pragma once

#include <opencv2/core.hpp>

#include <filesystem>
#include <string>

namespace mirra::trainer {

/// A white picture, RGB with 8 bits.
cv::Mat white_canvas(int width, int height);
void draw_label(cv::Mat &canvas, const std::string &text, cv::Point place, double size);
/// Four significant digits.
std::string tick_text(double value);
/// As a PNG. @throws Error io
void write_canvas(const std::filesystem::path &path, const cv::Mat &canvas);

} // namespace mirra::trainer
