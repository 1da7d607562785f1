// Drawing.
#include "report/canvas.hpp"

#include "mirra/image.hpp"

#include <opencv2/imgproc.hpp>

#include <cstdio>

namespace mirra::trainer {

cv::Mat white_canvas(int width, int height) {
    return {height, width, CV_8UC3, cv::Scalar::all(255)};
}

void draw_label(cv::Mat &canvas, const std::string &text, cv::Point place, double size) {
    const cv::Scalar ink(40, 40, 40);
    cv::putText(canvas, text, place, cv::FONT_HERSHEY_SIMPLEX, size, ink, 1, cv::LINE_AA);
}

std::string tick_text(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

void write_canvas(const std::filesystem::path &path, const cv::Mat &canvas) {
    image::write(path, image::interleaved_view(reinterpret_cast<const std::byte *>(canvas.data), canvas.cols,
                                               canvas.rows, 3, image::SampleType::u8));
}

} // namespace mirra::trainer
