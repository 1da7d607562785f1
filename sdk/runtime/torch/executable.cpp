// The interpreter of compiled programs: channels-last, fused convolutions, in place where nobody reads on.
#include "runtime/torch/executable.hpp"

#include "mirra/error.hpp"
#include "runtime/torch/color.hpp"
#include "runtime/torch/compile.hpp"
#include "runtime/torch/convolve.hpp"
#include "runtime/torch/devices.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/onednn.hpp"
#include "runtime/torch/ops.hpp"
#include "runtime/torch/packed_weight.hpp"
#include "runtime/torch/tensor.hpp"

#include <algorithm>
#include <set>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

at::ScalarType scalar_type(Precision precision) {
    switch (precision) {
    case Precision::bf16:
        return at::kBFloat16;
    case Precision::fp16:
        return at::kHalf;
    default:
        return at::kFloat;
    }
}

/// One run: the values alive and the step at hand.
class Frame {
  public:
    /// @param as_is  inputs that are read in whatever format they have
    Frame(const g::Graph &graph, at::ScalarType type, const std::vector<bool> &as_is,
          std::span<const TensorPtr> inputs)
        : graph_(graph)
        , type_(type) {
        for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
            auto &value = values_[graph.inputs[i].name] = unwrap(*inputs[i]);
            if (!as_is[i]) value = value.contiguous(at::MemoryFormat::ChannelsLast);
        }
    }

    void execute(const CompiledStep &compiled) {
        const auto &step = compiled.step;
        const auto &node = compiled.node;
        auto result = compiled.color || compiled.weight.defined() ? convolve(compiled, node)
                      : compiled.scale.defined()                  ? normalise(compiled)
                      : step.image_range                          ? image_range(step)
                      : node.op == g::Op::add                     ? add(step)
                                                                  : apply(compiled, node);
        for (const auto &name : step.released) values_.erase(name);
        values_[step.result] = std::move(result);
    }

    std::vector<TensorPtr> outputs() const {
        std::vector<TensorPtr> out;
        for (const auto &output : graph_.outputs)
            out.push_back(wrap(values_.at(output.source).to(at::kFloat)));
        return out;
    }

  private:
    at::Tensor normalise(const CompiledStep &compiled) const {
        const auto &x = values_.at(compiled.step.inputs[0]);
        if (x.is_cpu() && x.scalar_type() == at::kFloat)
            return affine_channels(x, compiled.scale, compiled.offset);
        return x * compiled.scale + compiled.offset;
    }

    at::Tensor image_range(const Step &step) {
        const auto &name = step.inputs[0];
        const bool free = values_.at(name).scalar_type() != at::kFloat || owned(step, name);
        const auto x = values_.at(name).to(at::kFloat);
        return free ? x.sigmoid_() : x.sigmoid();
    }

    /// Whether this step may write over the value: it reads it last, and nothing else shares its memory (as
    /// the caller's inputs, and slices of other values, do).
    [[nodiscard]] bool owned(const Step &step, const std::string &name) const {
        const auto &value = values_.at(name);
        return std::ranges::find(step.released, name) != step.released.end() &&
               std::ranges::find(graph_.inputs, name, &g::Input::name) == graph_.inputs.end() &&
               value.use_count() == 1 && value.storage().use_count() == 1;
    }

    at::Tensor convolve(const CompiledStep &compiled, const g::Node &node) {
        const auto &step = compiled.step;
        const auto x = values_.at(node.inputs[0]).to(type_).contiguous(at::MemoryFormat::ChannelsLast);
        if (!step.addend) return runtime::convolve(compiled, x, step.relu);
        if (!compiled.packed) {
            auto y = runtime::convolve(compiled, x, false) + values_.at(*step.addend);
            return step.relu ? y.relu_() : y;
        }
        const auto weight = compiled.packed->fitting(x.sizes());
        const bool reusable = *step.addend != node.inputs[0] && owned(step, *step.addend);
        auto addend = values_.at(*step.addend);
        if (addend.scalar_type() == type_ && addend.is_contiguous(at::MemoryFormat::ChannelsLast)) {
            if (!reusable) addend = addend.clone();
            return fused_convolution_add(node, addend, x, weight, compiled.bias, step.relu);
        }
        auto sum =
            fused_convolution(node, x, weight, compiled.bias, false).to(addend.scalar_type()).add_(addend);
        return step.relu ? sum.relu_() : sum;
    }

    /// Mixed precisions are widened first: LibTorch's mixed addition runs element by element.
    at::Tensor add(const Step &step) {
        const bool first = owned(step, step.inputs[0]), second = owned(step, step.inputs[1]);
        auto a = values_.at(step.inputs[0]), b = values_.at(step.inputs[1]);
        if (a.scalar_type() != b.scalar_type()) {
            auto &narrow = a.scalar_type() == at::kFloat ? b : a;
            const auto &wide = a.scalar_type() == at::kFloat ? a : b;
            return narrow.to(at::kFloat).add_(wide);
        }
        if (first) return a.add_(b);
        return second ? b.add_(a) : a + b;
    }

    at::Tensor apply(const CompiledStep &compiled, const g::Node &node) {
        const bool in_place = owned(compiled.step, node.inputs[0]);
        std::vector<at::Tensor> arguments;
        for (const auto &name : node.inputs) arguments.push_back(values_.at(name));
        if (in_place) {
            if (node.op == g::Op::relu) return arguments[0].relu_();
            if (node.op == g::Op::leaky_relu) return at::leaky_relu_(arguments[0], node.real("slope"));
            if (node.op == g::Op::tanh) return arguments[0].tanh_();
            if (node.op == g::Op::sigmoid) return arguments[0].sigmoid_();
        }
        const auto weight = [&](const char *role) {
            const auto found = compiled.others.find(role);
            return found == compiled.others.end() ? at::Tensor()
                                                  : found->second.to(arguments[0].scalar_type());
        };
        return apply_op(node, arguments, weight);
    }

    const g::Graph &graph_;
    at::ScalarType type_;
    std::map<std::string, at::Tensor> values_;
};

/// Which of the inputs are read by `normalise` alone.
std::vector<bool> only_normalised(const g::Graph &graph) {
    std::set<std::string> others;
    for (const auto &node : graph.nodes)
        if (node.op != g::Op::normalise) others.insert(node.inputs.begin(), node.inputs.end());
    std::vector<bool> out;
    for (const auto &input : graph.inputs) out.push_back(!others.contains(input.name));
    return out;
}

class TorchExecutable final : public Executable {
  public:
    TorchExecutable(const g::Graph &graph, const WeightSource &weights, const CompileOptions &options)
        : graph_(graph)
        , type_(scalar_type(options.precision))
        , as_is_(only_normalised(graph)) {
        g::validate(graph_);
        const c10::InferenceMode inference;
        steps_ = compile_steps(graph_, weights, find_device(options.device), type_);
    }

    std::vector<TensorPtr> run(std::span<const TensorPtr> inputs) override {
        check(inputs);
        const c10::InferenceMode inference;
        Frame frame(graph_, type_, as_is_, inputs);
        for (const auto &step : steps_) frame.execute(step);
        return frame.outputs();
    }

    [[nodiscard]] const g::Graph &graph() const override { return graph_; }

  private:
    void check(std::span<const TensorPtr> inputs) const {
        if (inputs.size() != graph_.inputs.size())
            throw Error(ErrorCode::mismatch,
                        "graph '" + graph_.name + "' has " + std::to_string(graph_.inputs.size()) +
                            " inputs, " + std::to_string(inputs.size()) + " are given",
                        graph_.name);
        std::map<std::string, g::Shape> shapes;
        for (std::size_t i = 0; i < inputs.size(); ++i) shapes[graph_.inputs[i].name] = inputs[i]->shape();
        g::infer_shapes(graph_, shapes);
    }

    g::Graph graph_;
    at::ScalarType type_;
    std::vector<bool> as_is_;
    std::vector<CompiledStep> steps_;
};

} // namespace

std::shared_ptr<Executable> make_executable(const g::Graph &graph, const WeightSource &weights,
                                            const CompileOptions &options) {
    return std::make_shared<TorchExecutable>(graph, weights, options);
}

} // namespace mirra::runtime
