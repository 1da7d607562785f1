#include "runtime/torch/compile.hpp"

#include "mirra/error.hpp"
#include "runtime/torch/adjoint.hpp"
#include "runtime/torch/convolution.hpp"
#include "runtime/torch/libtorch.hpp"

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

/// A copy of the weight in fp32 on the processor, contiguous. @throws Error not_found | mismatch (count)
at::Tensor load_weight(const WeightSource &source, const std::string &name, const g::Shape &shape) {
    const auto weight = source(name);
    std::int64_t count = 1;
    for (const auto extent : shape) count *= extent;
    if (count != static_cast<std::int64_t>(weight.values.size()))
        throw Error(ErrorCode::mismatch,
                    "weight has " + std::to_string(weight.values.size()) + " values, " +
                        std::to_string(count) + " are needed",
                    name);
    return at::from_blob(const_cast<float *>(weight.values.data()), shape, at::kFloat).clone();
}

/// Weight of the transposed convolution that equals a convolution [out, in, 3, 3] of a doubled input: along
/// an axis an even output reads w0 before it and w1 + w2 at it, an odd one w0 + w1 at it and w2 behind it.
at::Tensor doubled_weight(const at::Tensor &weight) {
    const auto taps =
        torch::tensor({{0.0F, 0.0F, 1.0F}, {0.0F, 1.0F, 1.0F}, {1.0F, 1.0F, 0.0F}, {1.0F, 0.0F, 0.0F}});
    return at::matmul(taps, at::matmul(weight, taps.t())).transpose(0, 1).contiguous();
}

/// values *= scale of their channel, each product rounded from double precision.
void scale_channels(at::Tensor &weight, const at::Tensor &scale, std::int64_t axis) {
    const auto channels = weight.size(axis), inner = weight.stride(axis), count = weight.numel();
    auto *values = weight.mutable_data_ptr<float>();
    const auto *scales = scale.const_data_ptr<double>();
    for (std::int64_t i = 0; i < count; ++i)
        values[i] = static_cast<float>(values[i] * scales[i / inner % channels]);
}

class Compiler {
  public:
    Compiler(const g::Graph &graph, const WeightSource &weights, const c10::Device &device,
             at::ScalarType type, bool gradient)
        : graph_(graph)
        , weights_(weights)
        , device_(device)
        , type_(type)
        , gradient_(gradient)
        , shapes_(g::weight_shapes(graph)) {}

    std::vector<CompiledStep> compile(const Program &program) {
        std::vector<CompiledStep> out;
        for (const auto &step : program.steps) out.push_back(compile(step));
        return out;
    }

  private:
    CompiledStep compile(const Step &step) {
        CompiledStep out;
        out.step = step;
        out.node = kernel_node(graph_, step);
        const auto &node = graph_.nodes[step.node];
        if (is_convolution(node.op))
            convolution(out);
        else if (node.op == g::Op::normalise)
            normalise(node, out);
        else if (step.image_range)
            out.kind = CompiledStep::Kind::image_range;
        else
            for (const auto &[role, name] : node.weights) out.others[role] = other(name);
        return out;
    }

    /// A convolution's weight in the form that its kernel takes.
    struct Prepared {
        at::Tensor weight, bias;
        std::shared_ptr<const ThreeChannelFilter> filter;
    };

    at::Tensor load(const std::string &name) const { return load_weight(weights_, name, shapes_.at(name)); }

    at::Tensor role(const g::Node &node, const char *name) const {
        const auto found = node.weights.find(name);
        return found == node.weights.end() ? at::Tensor() : load(found->second);
    }

    at::Tensor other(const std::string &name) {
        auto &tensor = others_[name];
        if (!tensor.defined()) tensor = load(name).to(device_);
        return tensor;
    }

    void convolution(CompiledStep &out) {
        out.kind = CompiledStep::Kind::convolution;
        if (out.step.curve) out.curve = graph_.nodes[*out.step.curve];
        const auto precision = type_ == at::kFloat      ? Precision::fp32
                               : type_ == at::kBFloat16 ? Precision::bf16
                                                        : Precision::fp16;
        const auto kernel = device_.is_cpu() ? kernel_of(out.node, out.step, precision) : Kernel::general;
        const auto [place, added] = prepared_.try_emplace(weight_key(graph_, out.step, kernel));
        if (added) place->second = prepare(out.step, kernel);
        out.weight = place->second.weight;
        out.bias = place->second.bias;
        out.filter = place->second.filter;
        out.packing = packing_key(graph_, out.step, kernel);
        if (kernel == Kernel::phases) out.phases_of = out.node.integer("out_channels");
        out.node = computed_node(out.node, kernel);
        if (!device_.is_cpu() || out.filter) return;
        auto &packed = packed_[out.packing];
        if (packed)
            packed->share();
        else
            packed = kernel == Kernel::general && !gradient_ &&
                             filters_by_winograd(out.node, out.step, type_ == at::kFloat)
                         ? std::make_shared<PackedWeight>(out.node, out.weight, out.bias)
                         : std::make_shared<PackedWeight>(out.node, out.weight);
        out.packed = packed;
    }

    [[nodiscard]] Prepared prepare(const Step &step, Kernel kernel) const {
        const auto &node = graph_.nodes[step.node];
        auto weight = role(node, "weight"), bias = role(node, "bias");
        const bool transposed = node.op == g::Op::conv_transpose2d;
        if (step.batch_norm) fold(graph_.nodes[*step.batch_norm], transposed, weight, bias);
        if (step.gain != 1) {
            weight.mul_(step.gain);
            if (bias.defined()) bias.mul_(step.gain);
        }
        if (step.doubled) weight = doubled_weight(weight);
        if (kernel == Kernel::three_channels)
            return {weight.to(type_),
                    {},
                    std::make_shared<const ThreeChannelFilter>(weight.contiguous().const_data_ptr<float>(),
                                                               bias.defined() ? bias.const_data_ptr<float>()
                                                                              : nullptr)};
        if (kernel == Kernel::phases) {
            weight = phase_weight(weight);
            if (bias.defined()) bias = phase_bias(bias);
        }
        return {weight.to(device_, type_).contiguous(at::MemoryFormat::ChannelsLast),
                bias.defined() ? bias.to(device_, type_) : bias, nullptr};
    }

    /// y = (w x + b - mean) * gamma / sqrt(var + epsilon) + beta, as one convolution; in double precision.
    void fold(const g::Node &norm, bool transposed, at::Tensor &weight, at::Tensor &bias) const {
        const auto wide = [&](const char *name) { return role(norm, name).to(at::kDouble); };
        const auto scale = wide("weight") / at::sqrt(wide("running_var") + norm.real("epsilon"));
        const auto shift =
            bias.defined() ? bias.to(at::kDouble) - wide("running_mean") : -wide("running_mean");
        bias = (wide("bias") + shift * scale).to(at::kFloat);
        scale_channels(weight, scale, transposed ? 1 : 0);
    }

    void normalise(const g::Node &node, CompiledStep &out) const {
        out.kind = CompiledStep::Kind::normalise;
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
    bool gradient_;
    std::map<std::string, g::Shape> shapes_;
    std::map<std::string, Prepared> prepared_;                    ///< by weight_key()
    std::map<std::string, std::shared_ptr<PackedWeight>> packed_; ///< by packing_key()
    std::map<std::string, at::Tensor> others_;                    ///< by name
};

} // namespace

std::vector<CompiledStep> compile_steps(const g::Graph &graph, const WeightSource &weights,
                                        const c10::Device &device, at::ScalarType type) {
    return Compiler(graph, weights, device, type, false).compile(lower(graph));
}

std::vector<CompiledStep> compile_differentiable(const g::Graph &graph, const WeightSource &weights,
                                                 const c10::Device &device) {
    auto steps = Compiler(graph, weights, device, at::kFloat, true).compile(lower(graph, true));
    std::map<std::string, std::shared_ptr<Adjoint>> adjoints; // one a convolution, as its weights are
    for (auto &step : steps) {
        if (step.kind != CompiledStep::Kind::convolution) continue;
        auto &adjoint = adjoints[step.packing];
        if (adjoint)
            adjoint->share();
        else
            adjoint = std::make_shared<Adjoint>(step);
        step.adjoint = adjoint;
    }
    return steps;
}

} // namespace mirra::runtime
