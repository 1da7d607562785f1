// Shape inference, weight shapes, parameter and operation counts.
#include "mirra/error.hpp"
#include "mirra/graph_work.hpp"

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
    if (found != inputs.end()) return found->second;
    throw Error(ErrorCode::mismatch, "graph input '" + input.name + "' is not given", input.name);
}

void check_input(const Input &input, const Shape &shape) {
    if (shape.size() != 4 || shape[1] != input.channels)
        throw Error(ErrorCode::mismatch,
                    "graph input '" + input.name + "' needs [N, " + std::to_string(input.channels) +
                        ", H, W]",
                    input.name);
    check_limits(input.name, shape);
}

} // namespace

ShapeInference::ShapeInference(const Graph &graph)
    : graph_(graph)
    , shapes_(graph.inputs.size() + graph.nodes.size()) {
    std::size_t next = 0;
    for (const auto &input : graph.inputs) numbers_[input.name] = next++;
    for (const auto &node : graph.nodes) {
        auto &sources = sources_.emplace_back();
        for (const auto &name : node.inputs) sources.push_back(tensor(name));
        numbers_[node.name] = next++;
    }
}

const std::vector<Shape> &ShapeInference::infer(std::span<const Shape> inputs) {
    for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
        check_input(graph_.inputs[i], inputs[i]);
        shapes_[i] = inputs[i];
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        const auto &node = graph_.nodes[i];
        const auto &sources = sources_[i];
        if (arguments_.size() < sources.size()) arguments_.resize(sources.size());
        for (std::size_t k = 0; k < sources.size(); ++k) arguments_[k] = shapes_[sources[k]];
        auto shape = op_info(node.op).shape(node, {arguments_.data(), sources.size()});
        check_limits(node.name, shape);
        shapes_[graph_.inputs.size() + i] = std::move(shape);
    }
    return shapes_;
}

std::map<std::string, Shape> infer_shapes(const Graph &graph, const std::map<std::string, Shape> &inputs) {
    std::vector<Shape> ordered;
    for (const auto &input : graph.inputs) ordered.push_back(given(input, inputs));
    ShapeInference inference(graph);
    const auto &shapes = inference.infer(ordered);
    std::map<std::string, Shape> named;
    for (std::size_t i = 0; i < graph.inputs.size(); ++i) named[graph.inputs[i].name] = shapes[i];
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        named[graph.nodes[i].name] = shapes[graph.inputs.size() + i];
    return named;
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

namespace {

/// Of one node; of one picture of a batch.
std::int64_t products_of(const Node &node, const Shape &input, const Shape &output) {
    const auto &op = op_info(node.op);
    if (op.products == Products::none) return 0;
    const auto weights = product(op.weights[0].shape(node));
    if (op.products == Products::once) return weights;
    const Shape &places = op.products == Products::at_inputs ? input : output;
    return times(weights, times(places[2], places[3]));
}

} // namespace

std::int64_t multiply_accumulates(const Graph &graph, std::int64_t height, std::int64_t width) {
    std::map<std::string, Shape> inputs;
    for (const auto &input : graph.inputs) inputs[input.name] = {1, input.channels, height, width};
    return multiply_accumulates(graph, infer_shapes(graph, inputs));
}

std::int64_t multiply_accumulates(const Graph &graph, const std::map<std::string, Shape> &shapes) {
    std::int64_t count = 0;
    for (const auto &node : graph.nodes) {
        const Shape &output = shapes.at(node.name);
        const std::int64_t products = products_of(node, shapes.at(node.inputs[0]), output);
        count = plus(count, times(output.empty() ? 1 : output.front(), products));
    }
    return count;
}

std::vector<double> node_work(const Graph &graph, const ShapeInference &inference,
                              std::span<const Shape> shapes) {
    constexpr double kAnElement = 8;
    std::vector<double> work;
    for (const auto &node : graph.nodes) {
        const Shape &output = shapes[inference.tensor(node.name)];
        const auto pictures = static_cast<double>(output.empty() ? 1 : output.front());
        const auto products = products_of(node, shapes[inference.tensor(node.inputs[0])], output);
        work.push_back(pictures * static_cast<double>(products) +
                       kAnElement * static_cast<double>(product(output)));
    }
    return work;
}

} // namespace mirra::graph
