// Where places of a result lie on its input, along one axis: for the ops and their ways back.
#pragma once

#include "mirra/graph.hpp"

#include <algorithm>
#include <cstdint>

namespace mirra::runtime::onednn {

/// Rows or columns that a place of a pooled result is made of.
struct Bounds {
    std::int64_t begin, end;
};

/// Of a window that slides, as far as it lies on the input.
struct Sliding {
    Sliding(const graph::Node &node, std::int64_t input)
        : kernel(node.integer("kernel"))
        , stride(node.integer("stride"))
        , padding(node.integer("padding"))
        , extent(input) {}
    Bounds operator()(std::int64_t place) const {
        const auto begin = place * stride - padding;
        return {std::max<std::int64_t>(begin, 0), std::min(begin + kernel, extent)};
    }
    std::int64_t kernel, stride, padding, extent;
};

/// Of as many parts as the result has places.
struct Dividing {
    std::int64_t extent, places;
    Bounds operator()(std::int64_t place) const {
        return {place * extent / places, ((place + 1) * extent + places - 1) / places};
    }
};

/// How many pixels lie in a window.
inline std::int64_t area_of(const Bounds &down, const Bounds &across) {
    return (down.end - down.begin) * (across.end - across.begin);
}

/// The pixel that a padding by reflection shows at a place, which may lie beyond the edges.
inline std::int64_t reflected(std::int64_t at, std::int64_t extent) {
    const auto inside = at < 0 ? -at : at;
    return inside >= extent ? 2 * (extent - 1) - inside : inside;
}

} // namespace mirra::runtime::onednn
