// Values of tensors in the memory of the host. Whatever is taken out of them, or put into them, is checked.
#pragma once

#include "host.hpp"

#include <algorithm>
#include <span>

namespace plugin {

/// Some of the values. @throws OutOfBounds
template<class Values> auto part_of(Values &values, std::int64_t first, std::int64_t count) {
    const auto size = static_cast<std::int64_t>(values.size());
    if (first < 0 || count < 0 || first > size || count > size - first) throw OutOfBounds();
    return std::span(values).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
}

/// Values {channels, height, width}, where the channels may be those of several pictures.
class Planes {
  public:
    Planes() = default;
    Planes(std::int64_t channels, std::int64_t height, std::int64_t width);
    explicit Planes(const Shape &shape) : Planes(shape[0] * shape[1], shape[2], shape[3]) {}
    /// Those of a tensor.
    Planes(const Host &host, const mirra_tensor *tensor);

    [[nodiscard]] bool empty() const { return values_.empty(); }
    [[nodiscard]] std::int64_t channels() const { return channels_; }
    [[nodiscard]] std::int64_t height() const { return height_; }
    [[nodiscard]] std::int64_t width() const { return width_; }
    /// Places of one channel.
    [[nodiscard]] std::int64_t area() const { return height_ * width_; }
    [[nodiscard]] std::span<float> channel(std::int64_t c) { return part_of(values_, c * area(), area()); }
    [[nodiscard]] std::span<const float> channel(std::int64_t c) const {
        return part_of(values_, c * area(), area());
    }
    [[nodiscard]] const std::vector<float> &values() const { return values_; }

    /// The values of a rectangle, channel by channel. @throws OutOfBounds
    [[nodiscard]] std::vector<float> cut(const mirra_rect &rect) const;
    /// The same as a tensor {1, channels, its height, its width}.
    [[nodiscard]] Tensor cut(const Host &host, const mirra_rect &rect) const;
    /// Takes over `rect`, unless it is empty, out of planes whose first value lies at (x, y).
    /// @throws OutOfBounds
    void put(const Planes &planes, std::int64_t x, std::int64_t y, const mirra_rect &rect);

  private:
    /// Where a row of a rectangle begins, which lies in the planes as a whole.
    [[nodiscard]] std::int64_t row_of(std::int64_t c, std::int64_t x, std::int64_t y) const {
        return (c * height_ + y) * width_ + x;
    }
    void check(std::int64_t x, std::int64_t y, const mirra_rect &extents) const;

    std::int64_t channels_ = 0, height_ = 0, width_ = 0;
    std::vector<float> values_;
};

} // namespace plugin
