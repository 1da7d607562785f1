// Features or pixels of a whole image, in the memory of the host.
#pragma once

#include "settings.hpp"

#include <algorithm>

namespace stylizer {

/// Values {channels, height, width}.
class Planes {
  public:
    Planes() = default;
    Planes(std::int64_t channels, std::int64_t height, std::int64_t width)
        : channels_(channels)
        , height_(height)
        , width_(width)
        , values_(static_cast<std::size_t>(channels * height * width)) {}
    explicit Planes(const Shape &shape) : Planes(shape[1], shape[2], shape[3]) {}

    [[nodiscard]] bool empty() const { return values_.empty(); }
    [[nodiscard]] std::int64_t channels() const { return channels_; }
    [[nodiscard]] std::int64_t height() const { return height_; }
    [[nodiscard]] std::int64_t width() const { return width_; }
    /// Places of one channel.
    [[nodiscard]] std::size_t area() const { return static_cast<std::size_t>(height_ * width_); }
    [[nodiscard]] float *channel(std::int64_t c) {
        return values_.data() + static_cast<std::size_t>(c) * area();
    }
    [[nodiscard]] const float *channel(std::int64_t c) const {
        return values_.data() + static_cast<std::size_t>(c) * area();
    }
    [[nodiscard]] const std::vector<float> &values() const { return values_; }

    /// A rectangle as a tensor {1, channels, its height, its width}.
    [[nodiscard]] Tensor cut(const Host &host, const mirra_rect &rect) const;
    /// Takes over `rect` out of a tensor {1, channels, h, w} whose first value lies at (x, y).
    void put(const Host &host, const Tensor &tensor, std::int64_t x, std::int64_t y, const mirra_rect &rect);

  private:
    std::int64_t channels_ = 0, height_ = 0, width_ = 0;
    std::vector<float> values_;
};

/// Some neighbouring places of all channels, {channels, count}.
struct Block {
    std::int64_t channels = 0;
    std::size_t first = 0, count = 0;
    std::vector<float> values;

    [[nodiscard]] float *channel(std::int64_t c) {
        return values.data() + static_cast<std::size_t>(c) * count;
    }
    [[nodiscard]] const float *channel(std::int64_t c) const {
        return values.data() + static_cast<std::size_t>(c) * count;
    }
    [[nodiscard]] Tensor upload(const Host &host) const {
        return host.upload(values, {channels, static_cast<std::int64_t>(count)});
    }
};

/// Values of a block at most: some MiB.
inline constexpr std::size_t kBlockValues = std::size_t{1} << 20;

/// Calls visit(block) for all places in turn.
template<class Visit> void for_blocks(const Planes &planes, const Visit &visit) {
    const auto channels = static_cast<std::size_t>(planes.channels());
    const std::size_t most = std::max<std::size_t>(1, kBlockValues / channels);
    for (std::size_t first = 0; first < planes.area(); first += most) {
        Block block{planes.channels(), first, std::min(most, planes.area() - first), {}};
        block.values.resize(channels * block.count);
        for (std::int64_t c = 0; c < block.channels; ++c)
            std::copy_n(planes.channel(c) + first, block.count, block.channel(c));
        visit(block);
    }
}

} // namespace stylizer
