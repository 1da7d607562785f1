// Shape inference, weight shapes, parameter and operation counts.
#include "mirra/error.hpp"
#include "mirra/graph.hpp"

#include <limits>

namespace mirra::graph {
namespace {

void check_limits(const std::string &name, const Shape &shape) {
    std::int64_t elements = 1;
    for (const auto extent : shape) {
        if (extent < 1 || elements > Limits::kElements / extent)
            throw Error(ErrorCode::limit, "tensor is too large", name, "use a smaller image, or tiles");
        elements *= extent;
    }
    if (shape.size() == 4 &&
        (shape[2] > Limits::kExtent || shape[3] > Limits::kExtent || shape[1] > Limits::kChannels))
        throw Error(ErrorCode::limit, "tensor is too large", name, "use a smaller image, or tiles");
}

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

/// Of numbers that are not negative; the largest there is where the result is larger.
std::int64_t times(std::int64_t a, std::int64_t b) {
    return a != 0 && b > kMost / a ? kMost : a * b;
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
    return b > kMost - a ? kMost : a + b;
}

std::int64_t product(const Shape &shape) {
    std::int64_t out = 1;
    for (const auto extent : shape) out = times(out, extent);
    return out;
}

const Shape &given(const Input &input, const std::map<std::string, Shape> &inputs) {
    const auto found = inputs.find(input.name);
    if (found == inputs.end())
        throw Error(ErrorCode::mismatch, "graph input '" + input.name + "' is not given", input.name);
    if (found->second.size() != 4 || found->second[1] != input.channels)
        throw Error(ErrorCode::mismatch,
                    "graph input '" + input.name + "' needs [N, " + std::to_string(input.channels) +
                        ", H, W]",
                    input.name);
    return found->second;
}

} // namespace

std::map<std::string, Shape> infer_shapes(const Graph &graph, const std::map<std::string, Shape> &inputs) {
    std::map<std::string, Shape> shapes;
    for (const auto &input : graph.inputs) {
        const Shape &shape = given(input, inputs);
        check_limits(input.name, shape);
        shapes[input.name] = shape;
    }
    for (const auto &node : graph.nodes) {
        std::vector<Shape> arguments;
        for (const auto &name : node.inputs) arguments.push_back(shapes.at(name));
        Shape shape = op_info(node.op).shape(node, arguments);
        check_limits(node.name, shape);
        shapes[node.name] = std::move(shape);
    }
    return shapes;
}

std::map<std::string, Shape> weight_shapes(const Graph &graph) {
    std::map<std::string, Shape> shapes;
    for (const auto &node : graph.nodes)
        for (const auto &info : op_info(node.op).weights) {
            const auto found = node.weights.find(std::string(info.role));
            if (found == node.weights.end()) continue;
            const Shape shape = info.shape(node);
            const auto [place, added] = shapes.emplace(found->second, shape);
            if (!added && place->second != shape)
                throw Error(ErrorCode::corrupt, "two nodes use one weight with different shapes",
                            found->second);
        }
    return shapes;
}

std::int64_t parameter_count(const Graph &graph) {
    std::int64_t count = 0;
    for (const auto &[name, shape] : weight_shapes(graph))
        if (!name.ends_with("running_mean") && !name.ends_with("running_var"))
            count = plus(count, product(shape));
    return count;
}

std::int64_t multiply_accumulates(const Graph &graph, std::int64_t height, std::int64_t width) {
    std::map<std::string, Shape> inputs;
    for (const auto &input : graph.inputs) inputs[input.name] = {1, input.channels, height, width};
    const auto shapes = infer_shapes(graph, inputs);
    std::int64_t count = 0;
    for (const auto &node : graph.nodes) {
        // Each weight counts once at each place of the output, or of the input of a transposed convolution.
        const Shape &places = shapes.at(node.op == Op::conv_transpose2d ? node.inputs[0] : node.name);
        if (node.op != Op::conv2d && node.op != Op::conv_transpose2d && node.op != Op::linear) continue;
        const auto weights = product(op_info(node.op).weights[0].shape(node));
        const auto area = node.op == Op::linear ? 1 : times(places[2], places[3]);
        count = plus(count, times(weights, area));
    }
    return count;
}

} // namespace mirra::graph
