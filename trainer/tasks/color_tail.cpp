// Setting the last layers' weights.
#include "tasks/color_tail.hpp"

#include "core/graph_module.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr std::int64_t kColors = 3;
// With tanh behind it, a picture's values lie about 0.5 around 0: after the ReLU, 0.5 around 1.
constexpr double kDeviation = 0.5, kShift = 1;

const graph::Node *producer(const graph::Graph &graph, const std::string &value) {
    const auto found = std::ranges::find(graph.nodes, value, &graph::Node::name);
    return found == graph.nodes.end() ? nullptr : &*found;
}

/// The node that gives `node` its input, if it is this op.
const graph::Node *before(const graph::Graph &graph, const graph::Node *node, graph::Op op) {
    const auto *found = node ? producer(graph, node->inputs.front()) : nullptr;
    return found && found->op == op ? found : nullptr;
}

} // namespace

bool start_color_tail(GraphModule &generator) {
    const auto &graph = generator.graph();
    const auto last = std::ranges::find_if(graph.nodes.rbegin(), graph.nodes.rend(), [](const auto &node) {
        return node.op == graph::Op::conv2d || node.op == graph::Op::conv_transpose2d;
    });
    if (last == graph.nodes.rend() || last->op != graph::Op::conv2d || !last->weights.contains("bias"))
        return false;
    const auto *norm = before(graph, before(graph, &*last, graph::Op::relu), graph::Op::batch_norm);
    auto state = generator.state();
    auto &kernel = state.at(last->weights.at("weight"));
    if (!norm || kernel.size(0) != kColors || kernel.size(1) != kColors || kernel.size(2) % 2 == 0)
        return false;
    const torch::NoGradGuard no_grad;
    const auto middle = kernel.size(2) / 2;
    kernel.zero_();
    kernel.select(3, middle).select(2, middle).copy_(torch::eye(kColors));
    state.at(last->weights.at("bias")).fill_(-kShift);
    state.at(norm->weights.at("weight")).fill_(kDeviation);
    state.at(norm->weights.at("bias")).fill_(kShift);
    return true;
}

} // namespace mirra::trainer
