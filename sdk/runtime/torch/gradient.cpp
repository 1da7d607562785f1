// Gradients: the compiled graph forward on a tape, and back. CPU passes run on the calling thread, so that
// what they allocate is its arena's.
#include "runtime/torch/gradient.hpp"

#include "mirra/error.hpp"
#include "runtime/torch/compile.hpp"
#include "runtime/torch/devices.hpp"
#include "runtime/torch/guard.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/tape.hpp"
#include "runtime/torch/tensor.hpp"

#include <algorithm>
#include <set>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

std::vector<DifferentiableStep> compile_differentiable(const g::Graph &graph, const WeightSource &weights,
                                                       const c10::Device &device) {
    std::vector<DifferentiableStep> out;
    std::map<std::string, std::shared_ptr<Adjoint>> adjoints; // one a convolution, as its weights are
    for (auto &step : compile_steps(graph, weights, device, at::kFloat)) {
        std::shared_ptr<Adjoint> back;
        if (is_convolution(step.node.op)) {
            auto &adjoint = adjoints[step.packing];
            if (adjoint)
                adjoint->share();
            else
                adjoint = std::make_shared<Adjoint>(step);
            back = adjoint;
        }
        out.push_back({std::move(step), std::move(back)});
    }
    return out;
}

class TorchDifferentiable final : public Differentiable {
  public:
    TorchDifferentiable(const g::Graph &graph, const WeightSource &weights, const std::string &device)
        : graph_(graph) {
        g::validate(graph_);
        const at::NoGradGuard no_grad;
        steps_ = compile_differentiable(graph_, weights, find_device(device));
    }

    TensorPtr gradient(std::span<const TensorPtr> inputs, std::size_t output, std::size_t input,
                       const Upstream &upstream) override {
        return guarded([&] {
            check(inputs, output, input);
            const c10::InferenceMode no_inference(false);
            const at::NoGradGuard no_grad;
            const auto &name = graph_.outputs[output].source;
            auto tape = forward(inputs, graph_.inputs[input].name, name);
            const auto y = tape.value(name);
            const auto given = upstream(wrap(y));
            if (given == nullptr || given->shape() != y.sizes().vec())
                throw Error(ErrorCode::mismatch,
                            "the gradient that was given does not have the shape of the output",
                            graph_.outputs[output].name);
            // Tensors of the inference mode take no part in autograd; copies of them do.
            const auto gradient = tape.back(name, unwrap(*given).clone());
            return wrap(gradient.defined() ? gradient.contiguous(at::MemoryFormat::ChannelsLast)
                                           : at::zeros(inputs[input]->shape(), y.options()));
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

    /// Runs what `wanted` is computed from.
    Tape forward(std::span<const TensorPtr> inputs, const std::string &input,
                 const std::string &wanted) const {
        std::map<std::string, at::Tensor> values;
        for (std::size_t i = 0; i < inputs.size(); ++i)
            values[graph_.inputs[i].name] =
                unwrap(*inputs[i])
                    .clone(inputs[i]->shape().size() == 4 ? at::MemoryFormat::ChannelsLast
                                                          : at::MemoryFormat::Contiguous);
        Tape tape(std::move(values), input);
        const auto needed = needed_for(wanted);
        for (std::size_t i = 0; i < steps_.size(); ++i)
            if (needed.contains(i)) tape.run(steps_[i]);
        return tape;
    }

    [[nodiscard]] std::set<std::size_t> needed_for(const std::string &value) const {
        std::set<std::string> wanted{value};
        std::set<std::size_t> needed;
        for (std::size_t i = steps_.size(); i-- > 0;) {
            const auto &step = steps_[i].forward.step;
            if (!wanted.contains(step.result)) continue;
            wanted.insert(step.inputs.begin(), step.inputs.end());
            needed.insert(i);
        }
        return needed;
    }

    g::Graph graph_;
    std::vector<DifferentiableStep> steps_;
};

} // namespace

std::shared_ptr<Differentiable> make_differentiable(const g::Graph &graph, const WeightSource &weights,
                                                    const std::string &device) {
    return std::make_shared<TorchDifferentiable>(graph, weights, device);
}

} // namespace mirra::runtime
