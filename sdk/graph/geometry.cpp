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

using Wanted = std::map<std::string, std::optional<Interval>>; ///< by tensor

/// Walks the graph backwards from the wanted intervals of its outputs to those of all other tensors.
Wanted backwards(const Graph &graph, Wanted wanted, bool vertical) {
    for (const auto &node : std::views::reverse(graph.nodes)) {
        const auto output = wanted[node.name];
        if (!output) continue;
        const Interval needed = bounded(op_info(node.op).field(node, vertical, *output));
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

/// Pixels of the input a pixel of each tensor.
std::map<std::string, Scale> scales_of(const Graph &graph) {
    std::map<std::string, Scale> scales;
    for (const auto &input : graph.inputs) scales[input.name] = {};
    for (const auto &node : graph.nodes)
        scales[node.name] = compose(scales.at(node.inputs.front()), scale_of(node));
    return scales;
}

/// Pixels before and after a block of the output that a tile must have, along one axis.
struct Reach {
    std::int64_t before = 0, after = 0;
    bool unbounded = false;
};

std::int64_t divided_up(std::int64_t value, std::int64_t by) {
    return value > 0 ? (value + by - 1) / by : 0;
}

/// Shapes of all tensors for the least extents.
std::vector<Shape> least_shapes(const Graph &graph, Inference &inference, Extents extents) {
    std::vector<Shape> inputs;
    for (const auto &input : graph.inputs)
        inputs.push_back({1, input.channels, extents.height, extents.width});
    return inference.infer(inputs);
}

/// Every tensor must have what is wanted of it, not the input alone: what a crop takes from the edge of a
/// tile is not there for a padding behind it, which would make it up.
Reach reach(const Graph &graph, bool vertical, std::int64_t block) {
    Wanted wanted;
    for (const auto &output : graph.outputs) wanted[output.source] = Interval{0, block - 1, false};
    wanted = backwards(graph, std::move(wanted), vertical);
    const auto unbounded = [](const auto &each) { return each.second && each.second->unbounded; };
    if (std::ranges::any_of(wanted, unbounded)) return {.unbounded = true};
    const Extents least = minimum_extents(graph);
    Inference inference(graph);
    const auto shapes = least_shapes(graph, inference, least);
    const auto scales = scales_of(graph);
    Reach out;
    for (const auto &[name, interval] : wanted) {
        const Shape &shape = shapes[inference.tensor(name)];
        if (!interval || shape.size() != 4) continue;
        const Scale scale = scales.at(name);
        const std::int64_t more = block - (vertical ? least.height : least.width);
        // Of a block: extents grow evenly on the grid.
        const std::int64_t last = shape[vertical ? 2 : 3] + more * scale.denominator / scale.numerator - 1;
        out.before = std::max(out.before, divided_up(-interval->low * scale.numerator, scale.denominator));
        out.after =
            std::max(out.after, divided_up((interval->high - last) * scale.numerator, scale.denominator));
    }
    return out;
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
    const Reach x = reach(graph, false, block), y = reach(graph, true, block);
    return {.left = x.before,
            .top = y.before,
            .right = x.after,
            .bottom = y.after,
            .unbounded = x.unbounded || y.unbounded};
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
