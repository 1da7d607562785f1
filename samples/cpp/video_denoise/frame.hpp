// OpenCV's frames as Mirra sees them.
#pragma once

#include <mirra/mirra.hpp>
#include <opencv2/core.hpp>

namespace video {

/// 8-bit pixels in the order B G R: three planes, which lie within one another. The frame keeps its memory.
inline mirra_image described(const cv::Mat &frame) {
    MIRRA_STRUCT(mirra_image, image);
    image.width = frame.cols;
    image.height = frame.rows;
    image.format = MIRRA_FORMAT_U8;
    image.color = MIRRA_COLOR_RGB;
    image.plane_count = 3;
    for (int channel = 0; channel < 3; ++channel)
        image.planes[channel] = {frame.data + (2 - channel), 3, static_cast<std::int64_t>(frame.step)};
    return image;
}

} // namespace video
