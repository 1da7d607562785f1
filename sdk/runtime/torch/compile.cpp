// Folding batch norm, casting and packing weights.
#include "runtime/torch/compile.hpp"

#include "mirra/error.hpp"
#include "runtime/torch/onednn.hpp"

#include <torch/torch.h>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

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
        CompiledStep out{
            .step = step, .weight = {}, .bias = {}, .packed = false, .others = {}, .scale = {}, .offset = {}};
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
    at::Tensor load(const std::string &name) const {
        const auto weight = weights_(name);
        const auto &shape = shapes_.at(name);
        std::int64_t count = 1;
        for (const auto extent : shape) count *= extent;
        if (count != static_cast<std::int64_t>(weight.values.size()))
            throw Error(ErrorCode::mismatch,
                        "weight has " + std::to_string(weight.values.size()) + " values, " +
                            std::to_string(count) + " are needed",
                        name);
        return at::from_blob(const_cast<float *>(weight.values.data()), shape, at::kFloat).clone();
    }

    at::Tensor role(const g::Node &node, const char *name) const {
        const auto found = node.weights.find(name);
        return found == node.weights.end() ? at::Tensor() : load(found->second);
    }

    void convolution(const g::Node &node, CompiledStep &out) const {
        auto weight = role(node, "weight"), bias = role(node, "bias");
        const bool transposed = node.op == g::Op::conv_transpose2d;
        if (out.step.batch_norm) fold(graph_.nodes[*out.step.batch_norm], transposed, weight, bias);
        if (bias.defined()) out.bias = bias.to(device_, type_);
        out.weight = weight.to(device_, type_).contiguous(at::MemoryFormat::ChannelsLast);
        if (device_.is_cpu()) {
            out.weight = pack_weight(node, out.weight);
            out.packed = true;
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
