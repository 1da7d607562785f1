// Values of tensors in the memory of the host.
#include "planes.hpp"

namespace plugin {

Planes::Planes(std::int64_t channels, std::int64_t height, std::int64_t width)
    : channels_(channels)
    , height_(height)
    , width_(width)
    , values_(static_cast<std::size_t>(channels * height * width)) {}

Planes::Planes(const Host &host, const mirra_tensor *tensor) {
    const Shape shape = host.shape(tensor);
    channels_ = shape[0] * shape[1];
    height_ = shape[2];
    width_ = shape[3];
    values_ = host.download(tensor);
}

/// Whether a rectangle of these extents at (x, y) lies inside.
void Planes::check(std::int64_t x, std::int64_t y, const mirra_rect &extents) const {
    const auto inside = [](std::int64_t at, std::int64_t count, std::int64_t all) {
        return at >= 0 && count >= 1 && at < all && count <= all - at;
    };
    if (!inside(x, extents.width, width_) || !inside(y, extents.height, height_)) throw OutOfBounds();
}

std::vector<float> Planes::cut(const mirra_rect &rect) const {
    check(rect.x, rect.y, rect);
    std::vector<float> part;
    part.reserve(static_cast<std::size_t>(channels_ * rect.height * rect.width));
    for (std::int64_t c = 0; c < channels_; ++c)
        for (std::int64_t row = 0; row < rect.height; ++row) {
            const auto from = part_of(values_, row_of(c, rect.x, rect.y + row), rect.width);
            part.insert(part.end(), from.begin(), from.end());
        }
    return part;
}

Tensor Planes::cut(const Host &host, const mirra_rect &rect) const {
    return host.upload(cut(rect), {1, channels_, rect.height, rect.width});
}

void Planes::put(const Planes &planes, std::int64_t x, std::int64_t y, const mirra_rect &rect) {
    if (rect.width < 1 || rect.height < 1) return;
    if (planes.channels_ != channels_) throw OutOfBounds();
    check(rect.x, rect.y, rect);
    planes.check(rect.x - x, rect.y - y, rect);
    for (std::int64_t c = 0; c < channels_; ++c)
        for (std::int64_t row = 0; row < rect.height; ++row)
            std::ranges::copy(
                part_of(planes.values_, planes.row_of(c, rect.x - x, rect.y + row - y), rect.width),
                part_of(values_, row_of(c, rect.x, rect.y + row), rect.width).begin());
}

} // namespace plugin
