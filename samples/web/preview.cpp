// A small copy of a result.
#include "preview.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

namespace web {
namespace {

constexpr std::int64_t kLongestSide = 800;

std::uint8_t sample(const mirra_image &image, std::int64_t x, std::int64_t y, std::int32_t channel) {
    const bool planar = image.plane_count > 1;
    const mirra_plane &plane = image.planes[planar ? channel : 0];
    const std::int64_t bytes = image.format == MIRRA_FORMAT_U8 ? 1 : image.format == MIRRA_FORMAT_F32 ? 4 : 2;
    const bool packed = (image.flags & MIRRA_IMAGE_PACKED) != 0;
    const std::int64_t pixel = packed ? bytes * (planar ? 1 : image.color) : plane.pixel_stride;
    const std::int64_t row = packed ? pixel * image.width : plane.row_stride;
    const auto *place =
        static_cast<const std::byte *>(plane.data) + y * row + x * pixel + (planar ? 0 : channel * bytes);
    if (image.format == MIRRA_FORMAT_U8) return std::to_integer<std::uint8_t>(*place);
    if (image.format == MIRRA_FORMAT_F32) {
        float value = 0;
        std::memcpy(&value, place, sizeof value);
        return static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0F, 1.0F)));
    }
    std::uint16_t value = 0;
    std::memcpy(&value, place, sizeof value);
    return static_cast<std::uint8_t>(value >> 8U);
}

} // namespace

void Preview::begin(const mirra_image &output) {
    const std::lock_guard hold(lock_);
    step_ =
        std::max<std::int64_t>(1, (std::max(output.width, output.height) + kLongestSide - 1) / kLongestSide);
    width_ = static_cast<std::int32_t>((output.width + step_ - 1) / step_);
    height_ = static_cast<std::int32_t>((output.height + step_ - 1) / step_);
    transfer_ = output.transfer;
    samples_.assign(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_) * 3, 128);
}

void Preview::take(const mirra_rect &rect, const mirra_image &pixels) {
    if (pixels.format == MIRRA_FORMAT_F16 || pixels.format == MIRRA_FORMAT_U16_SWAPPED) return;
    const std::lock_guard hold(lock_);
    const auto first = [&](std::int64_t at) { return (at + step_ - 1) / step_; };
    for (std::int64_t y = first(rect.y); y < height_ && y * step_ < rect.y + rect.height; ++y)
        for (std::int64_t x = first(rect.x); x < width_ && x * step_ < rect.x + rect.width; ++x)
            for (std::int32_t c = 0; c < 3; ++c)
                samples_[static_cast<std::size_t>((y * width_ + x) * 3 + c)] = sample(
                    pixels, x * step_ - rect.x, y * step_ - rect.y, pixels.color < MIRRA_COLOR_RGB ? 0 : c);
    ++version_;
}

std::uint64_t Preview::version() const {
    const std::lock_guard hold(lock_);
    return version_;
}

api::Memory Preview::jpeg() const {
    const std::lock_guard hold(lock_);
    if (version_ == 0) throw api::Error(MIRRA_E_NOT_FOUND, "there is nothing to see yet");
    auto image = api::image(samples_, width_, height_, MIRRA_COLOR_RGB);
    image.set_transfer(transfer_);
    api::WriteOptions options;
    options.format = "jpeg";
    options.jpeg_quality = 85;
    return api::write_memory(image, options);
}

} // namespace web
