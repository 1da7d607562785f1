// Folding batch norm and casting weights.
#include "runtime/torch/compile.hpp"

#include "runtime/torch/color.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/packed_weight.hpp"
#include "runtime/torch/weights.hpp"

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

/// Weight of the transposed convolution that equals a convolution [out, in, 3, 3] of a doubled input: along
/// an axis an even output reads w0 before it and w1 + w2 at it, an odd one w0 + w1 at it and w2 behind it.
at::Tensor doubled_weight(const at::Tensor &weight) {
    const auto taps =
        torch::tensor({{0.0F, 0.0F, 1.0F}, {0.0F, 1.0F, 1.0F}, {1.0F, 1.0F, 0.0F}, {1.0F, 0.0F, 0.0F}});
    return at::matmul(taps, at::matmul(weight, taps.t())).transpose(0, 1).contiguous();
}

class Compiler {
  public:
    Compiler(const g::Graph &graph, const WeightSource &weights, const c10::Device &device,
             at::ScalarType type)
        : graph_(graph)
        , weights_(weights)
        , device_(device)
        , type_(type)
        , shapes_(g::weight_shapes(graph)) {}

    CompiledStep compile(const Step &step) {
        CompiledStep out;
        out.step = step;
        out.node = kernel_node(graph_, step);
        const auto &node = graph_.nodes[step.node];
        switch (node.op) {
        case g::Op::conv2d:
        case g::Op::conv_transpose2d:
            convolution(node, out);
            break;
        case g::Op::normalise:
            normalise(node, out);
            break;
        default:
            for (const auto &[role, name] : node.weights) out.others[role] = load(name).to(device_);
        }
        return out;
    }

  private:
    at::Tensor load(const std::string &name) const { return load_weight(weights_, name, shapes_.at(name)); }

    at::Tensor role(const g::Node &node, const char *name) const {
        const auto found = node.weights.find(name);
        return found == node.weights.end() ? at::Tensor() : load(found->second);
    }

    void convolution(const g::Node &node, CompiledStep &out) const {
        auto weight = role(node, "weight"), bias = role(node, "bias");
        const bool transposed = node.op == g::Op::conv_transpose2d;
        if (out.step.batch_norm) fold(graph_.nodes[*out.step.batch_norm], transposed, weight, bias);
        if (out.step.gain != 1) {
            weight.mul_(out.step.gain);
            if (bias.defined()) bias.mul_(out.step.gain);
        }
        if (out.step.doubled) weight = doubled_weight(weight);
        if (device_.is_cpu()) choose_kernel(weight, bias, out);
        if (out.color) {
            out.weight = weight;
            return;
        }
        if (bias.defined()) out.bias = bias.to(device_, type_);
        out.weight = weight.to(device_, type_).contiguous(at::MemoryFormat::ChannelsLast);
        if (device_.is_cpu()) out.packed = std::make_shared<PackedWeight>(out.node, out.weight);
    }

    /// Other ways to compute a convolution of few channels, where one is faster.
    void choose_kernel(at::Tensor &weight, at::Tensor &bias, CompiledStep &out) const {
        if (out.step.addend) return;
        if (type_ == at::kFloat && is_color_convolution(out.node)) {
            out.color = ColorFilter::make(weight.contiguous().const_data_ptr<float>(),
                                          bias.defined() ? bias.const_data_ptr<float>() : nullptr);
        } else if (computes_in_phases(out.node)) {
            out.phases_of = weight.size(1);
            out.node = phase_convolution(out.node);
            weight = phase_weight(weight);
            if (bias.defined()) bias = phase_bias(bias);
        }
    }

    /// y = (w x + b - mean) * gamma / sqrt(var + epsilon) + beta, as one convolution; in double precision.
    void fold(const g::Node &norm, bool transposed, at::Tensor &weight, at::Tensor &bias) const {
        const auto wide = [&](const char *name) { return role(norm, name).to(at::kDouble); };
        const auto scale = wide("weight") / at::sqrt(wide("running_var") + norm.real("epsilon"));
        const auto shift =
            bias.defined() ? bias.to(at::kDouble) - wide("running_mean") : -wide("running_mean");
        bias = (wide("bias") + shift * scale).to(at::kFloat);
        const auto shape =
            transposed ? std::vector<std::int64_t>{1, -1, 1, 1} : std::vector<std::int64_t>{-1, 1, 1, 1};
        weight = (weight.to(at::kDouble) * scale.view(shape)).to(at::kFloat);
    }

    void normalise(const g::Node &node, CompiledStep &out) const {
        const auto vector = [&](const char *key) { return torch::tensor(node.reals(key), at::kDouble); };
        const auto scale = 1 / vector("deviation");
        const auto place = [&](const at::Tensor &x) { return x.to(device_, at::kFloat).view({1, -1, 1, 1}); };
        out.scale = place(scale);
        out.offset = place(-vector("mean") * scale);
    }

    const g::Graph &graph_;
    const WeightSource &weights_;
    c10::Device device_;
    at::ScalarType type_;
    std::map<std::string, g::Shape> shapes_;
};

} // namespace

std::vector<CompiledStep> compile_steps(const g::Graph &graph, const WeightSource &weights,
                                        const c10::Device &device, at::ScalarType type) {
    Compiler compiler(graph, weights, device, type);
    std::vector<CompiledStep> out;
    for (const auto &step : lower(graph).steps) out.push_back(compiler.compile(step));
    return out;
}

} // namespace mirra::runtime
