// Alignment, smallest extent and receptive field: what tiling takes from a graph.
#include "mirra/geometry.hpp"

#include "mirra/error.hpp"
#include "op_functions.hpp"

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

bool fits(const Graph &graph, Inference &inference, Extents extents) {
    std::vector<Shape> inputs;
    for (const auto &input : graph.inputs)
        inputs.push_back({1, input.channels, extents.height, extents.width});
    try {
        inference.infer(inputs);
        return true;
    } catch (const Error &) {
        return false;
    }
}

/// Walks the graph backwards from the wanted intervals of its outputs to those of its inputs.
Interval backwards(const Graph &graph, std::map<std::string, std::optional<Interval>> wanted, bool vertical) {
    for (const auto &node : std::views::reverse(graph.nodes)) {
        const auto output = wanted[node.name];
        if (!output) continue;
        const Interval needed = bounded(op_info(node.op).field(node, vertical, *output));
        for (const auto &input : node.inputs) wanted[input] = unite(wanted[input], needed);
    }
    std::optional<Interval> result;
    for (const auto &input : graph.inputs)
        if (wanted[input.name]) result = unite(result, *wanted[input.name]);
    return result.value_or(Interval{});
}

Interval output_block(const Graph &graph, bool vertical, std::int64_t extent) {
    std::map<std::string, std::optional<Interval>> wanted;
    for (const auto &output : graph.outputs) wanted[output.source] = Interval{0, extent - 1, false};
    return backwards(graph, std::move(wanted), vertical);
}

} // namespace

std::int64_t alignment(const Graph &graph) {
    std::map<std::string, Scale> scales;
    for (const auto &input : graph.inputs) scales[input.name] = {};
    std::int64_t result = 1;
    for (const auto &node : graph.nodes) {
        const Scale scale = compose(scales.at(node.inputs.front()), scale_of(node));
        result = std::lcm(result, scale.numerator);
        if (result > kLargestAlignment || scale.denominator > kLargestAlignment)
            throw Error(ErrorCode::limit,
                        "the strides or the enlargements of the graph multiply to more than is supported",
                        node.name);
        scales[node.name] = scale;
    }
    return result;
}

// The smallest square first, in which then each axis is reduced by itself: what one axis is has no say in
// what the other needs, but for a `linear` behind both.
Extents minimum_extents(const Graph &graph) {
    constexpr std::int64_t kTries = 64;
    const auto step = alignment(graph);
    Inference inference(graph);
    const auto first = [&](std::int64_t most, const auto &extents_of) {
        for (auto extent = step; extent < most; extent += step)
            if (fits(graph, inference, extents_of(extent))) return extent;
        return most;
    };
    const auto beyond = (kTries + 1) * step;
    const auto square = first(beyond, [](std::int64_t extent) { return Extents{extent, extent}; });
    if (square == beyond)
        throw Error(ErrorCode::mismatch,
                    "no input size up to " + std::to_string(kTries * step) + " pixels fits the graph",
                    graph.name);
    const auto height = first(square, [&](std::int64_t extent) { return Extents{extent, square}; });
    const auto width = first(square, [&](std::int64_t extent) { return Extents{height, extent}; });
    return {height, width};
}

std::int64_t minimum_extent(const Graph &graph) {
    const auto least = minimum_extents(graph);
    return std::max(least.height, least.width);
}

Extents on_grid(const Graph &graph, Extents extents) {
    const auto step = alignment(graph);
    const auto least = minimum_extents(graph);
    const auto up = [step](std::int64_t extent, std::int64_t minimum) {
        // Beyond any tensor it is not to be rounded, but to be refused by infer_shapes().
        const auto clamped = std::clamp<std::int64_t>(extent, 1, kFarthest);
        return std::max((clamped + step - 1) / step * step, minimum);
    };
    return {up(extents.height, least.height), up(extents.width, least.width)};
}

Halo receptive_field(const Graph &graph) {
    const auto block = alignment(graph);
    const Interval x = output_block(graph, false, block), y = output_block(graph, true, block);
    return {.left = std::max<std::int64_t>(0, -x.low),
            .top = std::max<std::int64_t>(0, -y.low),
            .right = std::max<std::int64_t>(0, x.high - (block - 1)),
            .bottom = std::max<std::int64_t>(0, y.high - (block - 1)),
            .unbounded = x.unbounded || y.unbounded};
}

Interval input_interval(const Graph &graph, std::string_view output, bool vertical, Interval pixels) {
    const auto found = std::ranges::find(graph.outputs, output, &Output::name);
    if (found == graph.outputs.end())
        throw Error(ErrorCode::not_found, "graph has no output '" + std::string(output) + "'", graph.name);
    std::map<std::string, std::optional<Interval>> wanted;
    wanted[found->source] = bounded(pixels);
    return backwards(graph, std::move(wanted), vertical);
}

} // namespace mirra::graph
