// Gradients by LibTorch's autograd over the op table. CPU passes run on the calling thread, so that what
// they allocate is its arena's.
#include "runtime/torch/gradient.hpp"

#include "mirra/error.hpp"
#include "runtime/torch/devices.hpp"
#include "runtime/torch/guard.hpp"
#include "runtime/torch/ops.hpp"
#include "runtime/torch/tensor.hpp"
#include "runtime/torch/weights.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <ranges>
#include <set>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

using Weights = std::map<std::string, at::Tensor>;

Weights load_weights(const g::Graph &graph, const WeightSource &source, const c10::Device &device) {
    Weights weights;
    for (const auto &[name, shape] : g::weight_shapes(graph)) {
        const auto format = shape.size() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
        weights[name] = load_weight(source, name, shape).contiguous(format).to(device);
    }
    return weights;
}

/// The nodes that a value is computed from, in execution order.
std::vector<const g::Node *> nodes_of(const g::Graph &graph, const std::string &value) {
    std::set<std::string> wanted{value};
    std::vector<const g::Node *> nodes;
    for (const auto &node : std::views::reverse(graph.nodes)) {
        if (!wanted.contains(node.name)) continue;
        wanted.insert(node.inputs.begin(), node.inputs.end());
        nodes.push_back(&node);
    }
    std::ranges::reverse(nodes);
    return nodes;
}

class TorchDifferentiable final : public Differentiable {
  public:
    TorchDifferentiable(const g::Graph &graph, const WeightSource &weights, const std::string &device)
        : graph_(graph) {
        g::validate(graph_);
        weights_ = load_weights(graph_, weights, find_device(device));
    }

    TensorPtr gradient(std::span<const TensorPtr> inputs, std::size_t output, std::size_t input,
                       const Upstream &upstream) override {
        return guarded([&] {
            check(inputs, output, input);
            const c10::InferenceMode no_inference(false);
            const at::AutoGradMode recording(true);
            // Tensors of the inference mode take no part in autograd; copies of them do.
            const auto x = unwrap(*inputs[input]).clone(at::MemoryFormat::ChannelsLast).requires_grad_();
            const auto y = forward(inputs, input, x, graph_.outputs[output].source);
            const auto given = upstream(wrap(y.detach()));
            if (given == nullptr || given->shape() != y.sizes().vec())
                throw Error(ErrorCode::mismatch,
                            "the gradient that was given does not have the shape of the output",
                            graph_.outputs[output].name);
            return wrap(backward(x, y, unwrap(*given).clone()));
        });
    }

    [[nodiscard]] const g::Graph &graph() const override { return graph_; }

  private:
    void check(std::span<const TensorPtr> inputs, std::size_t output, std::size_t input) const {
        if (inputs.size() != graph_.inputs.size() || output >= graph_.outputs.size() ||
            input >= inputs.size())
            throw Error(ErrorCode::mismatch, "the graph has no such inputs or output", graph_.name);
        std::map<std::string, g::Shape> shapes;
        for (std::size_t i = 0; i < inputs.size(); ++i) shapes[graph_.inputs[i].name] = inputs[i]->shape();
        g::infer_shapes(graph_, shapes);
    }

    at::Tensor forward(std::span<const TensorPtr> inputs, std::size_t input, const at::Tensor &x,
                       const std::string &wanted) const {
        std::map<std::string, at::Tensor> values;
        for (std::size_t i = 0; i < inputs.size(); ++i)
            values[graph_.inputs[i].name] = i == input ? x : unwrap(*inputs[i]).clone();
        const auto nodes = nodes_of(graph_, wanted);
        std::map<std::string, std::size_t> last_reader;
        for (std::size_t i = 0; i < nodes.size(); ++i)
            for (const auto &name : nodes[i]->inputs) last_reader[name] = i;
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const auto &node = *nodes[i];
            std::vector<at::Tensor> arguments;
            for (const auto &name : node.inputs) arguments.push_back(values.at(name));
            values[node.name] = apply_op(node, arguments, [&](const char *role) {
                const auto found = node.weights.find(role);
                return found == node.weights.end() ? at::Tensor() : weights_.at(found->second);
            });
            for (const auto &name : node.inputs)
                if (last_reader.at(name) == i) values.erase(name);
        }
        return values.at(wanted);
    }

    static at::Tensor backward(const at::Tensor &x, const at::Tensor &y, const at::Tensor &upstream) {
        if (!y.requires_grad()) return at::zeros_like(x, x.options().requires_grad(false));
        return torch::autograd::grad({y}, {x}, {upstream}).front().detach();
    }

    g::Graph graph_;
    Weights weights_;
};

} // namespace

std::shared_ptr<Differentiable> make_differentiable(const g::Graph &graph, const WeightSource &weights,
                                                    const std::string &device) {
    return std::make_shared<TorchDifferentiable>(graph, weights, device);
}

} // namespace mirra::runtime
