// Neighbouring places of features: what the transform and the statistics work on at a time.
#pragma once

#include "mirra/mirra_plugin.hpp"

namespace stylizer {

namespace plugin = mirra::plugin;
using plugin::Host, plugin::Planes, plugin::Shape, plugin::Tensor;

/// Some neighbouring places of all channels, {channels, count}.
struct Block {
    std::int64_t channels = 0, first = 0, count = 0;
    std::vector<float> values;

    [[nodiscard]] plugin::Span<float> channel(std::int64_t c) {
        return plugin::part_of(values, c * count, count);
    }
    [[nodiscard]] plugin::Span<const float> channel(std::int64_t c) const {
        return plugin::part_of(values, c * count, count);
    }
    [[nodiscard]] Tensor upload(const Host &host) const { return host.upload(values, {channels, count}); }
};

/// Values of a block at most: some MiB.
inline constexpr std::int64_t kBlockValues = std::int64_t{1} << 20;

/// Calls visit(block) for all places in turn.
template<class Visit> void for_blocks(const Planes &planes, const Visit &visit) {
    const std::int64_t most = std::max<std::int64_t>(1, kBlockValues / planes.channels());
    for (std::int64_t first = 0; first < planes.area(); first += most) {
        Block block{planes.channels(), first, std::min(most, planes.area() - first), {}};
        block.values.reserve(static_cast<std::size_t>(block.channels * block.count));
        for (std::int64_t c = 0; c < block.channels; ++c) {
            const auto part = plugin::part_of(planes.values(), c * planes.area() + first, block.count);
            block.values.insert(block.values.end(), part.begin(), part.end());
        }
        visit(std::move(block));
    }
}

} // namespace stylizer
