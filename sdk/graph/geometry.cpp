// Alignment, smallest extent and receptive field: what tiling takes from a graph.
#include "mirra/geometry.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <ranges>

namespace mirra::graph {
namespace {

constexpr std::int64_t kLargestAlignment = 1 << 16;

/// Layers multiply: what reaches farther than any tensor does is the whole axis, and stays a small number.
Interval bounded(Interval interval) {
    constexpr auto kFar = kFarthest;
    const bool far = interval.low < -kFar || interval.high > kFar;
    return {std::clamp(interval.low, -kFar, kFar), std::clamp(interval.high, -kFar, kFar),
            interval.unbounded || far};
}

Interval unite(const std::optional<Interval> &a, Interval b) {
    if (!a) return b;
    return {std::min(a->low, b.low), std::max(a->high, b.high), a->unbounded || b.unbounded};
}

Scale compose(Scale a, Scale b) {
    const auto numerator = a.numerator * b.numerator, denominator = a.denominator * b.denominator;
    const auto divisor = std::gcd(numerator, denominator);
    return {numerator / divisor, denominator / divisor};
}

std::vector<Shape> inputs_of(const Graph &graph, Extents extents) {
    std::vector<Shape> inputs;
    for (const auto &input : graph.inputs)
        inputs.push_back({1, input.channels, extents.height, extents.width});
    return inputs;
}

/// Why inputs of these extents do not fit; nothing if they do.
std::optional<Error> objection(const Graph &graph, ShapeInference &inference, Extents extents) {
    try {
        inference.infer(inputs_of(graph, extents));
        return std::nullopt;
    } catch (const Error &error) {
        return error;
    }
}

using Wanted = std::map<std::string, std::optional<Interval>>; ///< by tensor

/// Walks the graph backwards from the wanted intervals of its outputs to those of all other tensors.
Wanted backwards(const Graph &graph, Wanted wanted, bool vertical) {
    for (const auto &node : std::views::reverse(graph.nodes)) {
        const auto output = wanted[node.name];
        if (!output) continue;
        const Interval needed = bounded(op_info(node.op).placement.value.field(node, vertical, *output));
        for (const auto &input : node.inputs) wanted[input] = unite(wanted[input], needed);
    }
    return wanted;
}

Interval of_inputs(const Graph &graph, Wanted wanted) {
    std::optional<Interval> result;
    for (const auto &input : graph.inputs)
        if (const auto interval = wanted[input.name]) result = unite(result, *interval);
    return result.value_or(Interval{});
}

struct Grid {
    std::int64_t alignment = 1;
    std::map<std::string, Scale> scales; ///< pixels of the input a pixel of each tensor
};

Grid grid_of(const Graph &graph) {
    Grid grid;
    for (const auto &input : graph.inputs) grid.scales[input.name] = {};
    for (const auto &node : graph.nodes) {
        const Scale scale =
            compose(grid.scales.at(node.inputs.front()), op_info(node.op).placement.value.scale(node));
        grid.alignment = std::lcm(grid.alignment, scale.numerator);
        if (grid.alignment > kLargestAlignment || scale.denominator > kLargestAlignment)
            throw Error(ErrorCode::limit,
                        "the strides or the enlargements of the graph multiply to more than is supported",
                        node.name);
        grid.scales[node.name] = scale;
    }
    return grid;
}

/// Of all tensors, along one axis, for what the outputs have of an aligned block of the input.
Wanted wanted_by_block(const Graph &graph, bool vertical, const Grid &grid) {
    Wanted wanted;
    for (const auto &output : graph.outputs) {
        const Scale scale = grid.scales.at(output.source);
        const auto block = grid.alignment * scale.denominator / scale.numerator;
        wanted[output.source] = unite(wanted[output.source], {0, block - 1, false});
    }
    return backwards(graph, std::move(wanted), vertical);
}

bool is_unbounded(const Wanted &wanted) {
    return std::ranges::any_of(wanted,
                               [](const auto &each) { return each.second && each.second->unbounded; });
}

/// Pixels before and after a block of the output that a tile must have, along one axis.
struct Reach {
    std::int64_t before = 0, after = 0;
};

std::int64_t divided_up(std::int64_t value, std::int64_t by) {
    return value > 0 ? (value + by - 1) / by : 0;
}

/// Every tensor must have what is wanted of it, not the input alone: what a crop takes from the edge of a
/// tile is not there for a padding behind it, which would make it up.
/// @param extent  along this axis, of a tensor for a block
template<class Extent> Reach reach_of(const Wanted &wanted, const Grid &grid, const Extent &extent) {
    Reach out;
    for (const auto &[name, interval] : wanted) {
        const auto pixels = extent(name);
        if (!interval || !pixels) continue;
        const Scale scale = grid.scales.at(name);
        const auto in_input = [scale](std::int64_t count) {
            return divided_up(count * scale.numerator, scale.denominator);
        };
        out.before = std::max(out.before, in_input(-interval->low));
        out.after = std::max(out.after, in_input(interval->high - (*pixels - 1)));
    }
    return out;
}

} // namespace

std::int64_t alignment(const Graph &graph) {
    return grid_of(graph).alignment;
}

// The smallest square first, in which then each axis is reduced by itself: what one axis is has no say in
// what the other needs, but for a `linear` behind both.
Extents minimum_extents(const Graph &graph) {
    constexpr std::int64_t kTries = 64;
    const auto step = alignment(graph);
    ShapeInference inference(graph);
    const auto first = [&](std::int64_t most, const auto &extents_of) {
        for (auto extent = step; extent < most; extent += step)
            if (!objection(graph, inference, extents_of(extent))) return extent;
        return most;
    };
    const auto beyond = (kTries + 1) * step;
    const auto square = first(beyond, [](std::int64_t extent) { return Extents{extent, extent}; });
    if (square == beyond) {
        const auto largest = kTries * step;
        const Error reason = objection(graph, inference, {largest, largest})
                                 .value_or(Error(ErrorCode::mismatch, "it is the last that was tried"));
        throw Error(ErrorCode::mismatch,
                    "no input size up to " + std::to_string(largest) + " pixels fits the graph '" +
                        graph.name + "': " + reason.what(),
                    reason.subject(), "correct this node, or what it reads");
    }
    const auto height = first(square, [&](std::int64_t extent) { return Extents{extent, square}; });
    const auto width = first(square, [&](std::int64_t extent) { return Extents{height, extent}; });
    return {height, width};
}

std::int64_t minimum_extent(const Graph &graph) {
    const auto least = minimum_extents(graph);
    return std::max(least.height, least.width);
}

PictureGrid::PictureGrid(const Graph &graph)
    : alignment_(graph::alignment(graph))
    , least_(minimum_extents(graph)) {}

Extents PictureGrid::place(Extents extents) const {
    const auto up = [this](std::int64_t extent, std::int64_t least) {
        // Beyond any tensor it is not to be rounded, but to be refused by infer_shapes().
        const auto clamped = std::clamp<std::int64_t>(extent, 1, kFarthest);
        return std::max((clamped + alignment_ - 1) / alignment_ * alignment_, least);
    };
    return {up(extents.height, least_.height), up(extents.width, least_.width)};
}

Halo receptive_field(const Graph &graph) {
    const Grid grid = grid_of(graph);
    const Wanted across = wanted_by_block(graph, false, grid);
    const Wanted down = wanted_by_block(graph, true, grid);
    if (is_unbounded(across) || is_unbounded(down)) return {.unbounded = true};
    const Extents least = minimum_extents(graph);
    ShapeInference inference(graph);
    const auto &shapes = inference.infer(inputs_of(graph, least));
    // From the least extents to a block's: extents grow evenly on the grid.
    const auto extent_along = [&](std::size_t axis, std::int64_t of_input) {
        return [&, axis,
                more = grid.alignment - of_input](const std::string &name) -> std::optional<std::int64_t> {
            const Shape &shape = shapes[inference.tensor(name)];
            if (shape.size() != 4) return std::nullopt;
            const Scale scale = grid.scales.at(name);
            return shape[axis] + more * scale.denominator / scale.numerator;
        };
    };
    const Reach x = reach_of(across, grid, extent_along(3, least.width));
    const Reach y = reach_of(down, grid, extent_along(2, least.height));
    return {.left = x.before, .top = y.before, .right = x.after, .bottom = y.after};
}

Interval input_interval(const Graph &graph, std::string_view output, bool vertical, Interval pixels) {
    const auto found = std::ranges::find(graph.outputs, output, &Output::name);
    if (found == graph.outputs.end())
        throw Error(ErrorCode::not_found, "graph has no output '" + std::string(output) + "'", graph.name);
    Wanted wanted;
    wanted[found->source] = bounded(pixels);
    return of_inputs(graph, backwards(graph, std::move(wanted), vertical));
}

} // namespace mirra::graph
