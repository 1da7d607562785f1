// Where a picture's samples lie in memory that only copies of bytes reach.
#include "runtime/cuda/sample_lines.hpp"

#include "runtime/cuda/packed_samples.hpp"

#include <algorithm>
#include <cstdlib>

namespace mirra::cuda {
namespace {

std::byte *start_of(const mirra_cuda_image &image, std::int32_t channel) {
    return static_cast<std::byte *>(image.data[channel]);
}

/// Along which a line lies, and from line to line.
struct Axis {
    std::int64_t stride, extent;
    /// Bytes from the first place to the lowest one; not positive.
    [[nodiscard]] std::int64_t lowest() const { return std::min<std::int64_t>(stride * (extent - 1), 0); }
};

bool runs_along_rows(const mirra_cuda_image &image) {
    if (image.width == 1 || image.height == 1) return image.height == 1;
    return std::abs(image.x_stride) <= std::abs(image.y_stride);
}

Axis line_axis(const mirra_cuda_image &image) {
    return runs_along_rows(image) ? Axis{image.x_stride, image.width} : Axis{image.y_stride, image.height};
}

Axis step_axis(const mirra_cuda_image &image) {
    return runs_along_rows(image) ? Axis{image.y_stride, image.height} : Axis{image.x_stride, image.width};
}

/// Bytes from the lowest channel's sample of a pixel to behind the highest's.
std::int64_t pixel_bytes(const mirra_cuda_image &image) {
    const auto [low, high] = std::minmax_element(image.data, image.data + image.channels);
    return static_cast<std::byte *>(*high) - static_cast<std::byte *>(*low) + sample_bytes(image);
}

std::byte *lowest_start(const mirra_cuda_image &image) {
    return static_cast<std::byte *>(*std::min_element(image.data, image.data + image.channels));
}

SampleLines lines_of_some(const mirra_cuda_image &image, std::int32_t first_channel) {
    const Axis line = line_axis(image), step = step_axis(image);
    const std::int64_t pixel = pixel_bytes(image), own = sample_bytes(image) * image.channels;
    SampleLines out;
    out.first = lowest_start(image) + line.lowest() + step.lowest();
    out.count = step.stride == 0 ? 1 : step.extent;
    out.step = std::abs(step.stride);
    out.bytes = std::abs(line.stride) * (line.extent - 1) + pixel;
    out.gaps = pixel != own || (line.extent > 1 && std::abs(line.stride) != own);
    out.channels = image;
    out.first_channel = first_channel;
    return out;
}

} // namespace

mirra_cuda_image SampleLines::packed(std::byte *memory) const {
    mirra_cuda_image out = channels;
    const Axis line = line_axis(channels), across = step_axis(channels);
    const std::int64_t sign = across.stride < 0 ? -1 : across.stride == 0 ? 0 : 1;
    const std::int64_t to_first = (sign < 0 ? (count - 1) * bytes : 0) - line.lowest();
    for (std::int32_t c = 0; c < channels.channels; ++c)
        out.data[c] = memory + to_first + (start_of(channels, c) - lowest_start(channels));
    (runs_along_rows(channels) ? out.y_stride : out.x_stride) = sign * bytes;
    return out;
}

std::vector<SampleLines> lines_of(const mirra_cuda_image &image) {
    const Axis line = line_axis(image);
    const std::int64_t pixel = pixel_bytes(image);
    const bool together = image.channels == 1 || pixel == sample_bytes(image) * image.channels ||
                          (line.extent > 1 && pixel <= std::abs(line.stride));
    if (together) return {lines_of_some(image, 0)};
    std::vector<SampleLines> lines;
    for (std::int32_t c = 0; c < image.channels; ++c) {
        mirra_cuda_image one = image;
        one.data[0] = image.data[c];
        one.channels = 1;
        lines.push_back(lines_of_some(one, c));
    }
    return lines;
}

} // namespace mirra::cuda
