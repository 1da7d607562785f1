#include "runtime/onednn/compile.hpp"

#include "mirra/error.hpp"

#include <cmath>
#include <unordered_map>

namespace mirra::runtime::onednn {
namespace {

namespace g = mirra::graph;

using Values = std::vector<float>;

std::size_t count_of(const g::Shape &shape) {
    std::size_t count = 1;
    for (const auto extent : shape) count *= static_cast<std::size_t>(extent);
    return count;
}

/// Weight {in, out, 4, 4} of the transposed convolution that equals a convolution {out, in, 3, 3} of a
/// doubled input: along an axis an even output reads w0 before it and w1 + w2 at it, an odd one w0 + w1 at it
/// and w2 behind it.
Values doubled_weight(const Values &weight, std::int64_t in, std::int64_t out) {
    constexpr float kTaps[4][3] = {{0, 0, 1}, {0, 1, 1}, {1, 1, 0}, {1, 0, 0}};
    Values made(static_cast<std::size_t>(in * out * 16));
    for (std::int64_t o = 0; o < out; ++o)
        for (std::int64_t i = 0; i < in; ++i)
            for (std::int64_t y = 0; y < 4; ++y)
                for (std::int64_t x = 0; x < 4; ++x) {
                    double sum = 0;
                    for (std::int64_t k = 0; k < 9; ++k)
                        sum += static_cast<double>(kTaps[y][k / 3] * kTaps[x][k % 3]) *
                               static_cast<double>(weight[static_cast<std::size_t>((o * in + i) * 9 + k)]);
                    made[static_cast<std::size_t>(((i * out + o) * 4 + y) * 4 + x)] = static_cast<float>(sum);
                }
    return made;
}

/// The weight {16, in, 3, 3} in place of a transposed one {in, out, 4, 4} (Kernel::phases); channel
/// (2 dy + dx) * out + o is color o of the pixels with the parity dy, dx. Of a kernel of four, stride two and
/// padding one, an even output reads taps 3 and 1 at the inputs before and at it, an odd one taps 2 and 0 at
/// and behind it.
Values phase_weight(const Values &transposed, std::int64_t in, std::int64_t out) {
    constexpr std::int64_t kTap[2][3] = {{3, 1, -1}, {-1, 2, 0}};
    Values made(static_cast<std::size_t>(kPhaseBlock * in * 9));
    for (std::int64_t phase = 0; phase < 4; ++phase)
        for (std::int64_t o = 0; o < out; ++o)
            for (std::int64_t i = 0; i < in; ++i)
                for (std::int64_t k = 0; k < 9; ++k) {
                    const auto row = kTap[phase / 2][k / 3], column = kTap[phase % 2][k % 3];
                    if (row < 0 || column < 0) continue;
                    made[static_cast<std::size_t>(((phase * out + o) * in + i) * 9 + k)] =
                        transposed[static_cast<std::size_t>(((i * out + o) * 4 + row) * 4 + column)];
                }
    return made;
}

Values phase_bias(const Values &bias) {
    Values made(static_cast<std::size_t>(kPhaseBlock));
    for (std::size_t i = 0; i < 4 * bias.size(); ++i) made[i] = bias[i % bias.size()];
    return made;
}

class Compiler {
  public:
    Compiler(const g::Graph &graph, const WeightSource &weights, Type type, bool gradient)
        : graph_(graph)
        , weights_(weights)
        , type_(type)
        , gradient_(gradient)
        , shapes_(g::weight_shapes(graph)) {
        for (const auto &input : graph.inputs) place(input.name);
    }

    Compiled compile(const Program &program) {
        Compiled out;
        for (const auto &step : program.steps) out.steps.push_back(compile(step));
        for (const auto &output : graph_.outputs) out.outputs.push_back(places_.at(output.source));
        out.places = places_.size();
        return out;
    }

  private:
    std::size_t place(const std::string &value) {
        return places_.try_emplace(value, places_.size()).first->second;
    }

    CompiledStep compile(const Step &step) {
        CompiledStep out;
        out.node = step.node;
        out.kernel = kernel_node(graph_, step);
        for (const auto &name : out.kernel.inputs) out.inputs.push_back(places_.at(name));
        out.addend = step.addend.has_value();
        if (out.addend) out.inputs.push_back(places_.at(*step.addend));
        for (const auto &name : step.released) out.released.push_back(places_.at(name));
        out.result = place(step.result);
        out.image_range = step.image_range;
        if (is_convolution(out.kernel.op))
            convolution(step, out);
        else
            for (const auto &[role, name] : graph_.nodes[step.node].weights) out.weights[role] = load(name);
        return out;
    }

    [[nodiscard]] Values load(const std::string &name) const {
        const auto weight = weights_(name);
        if (const auto count = count_of(shapes_.at(name)); count != weight.values.size())
            throw Error(ErrorCode::mismatch,
                        "weight has " + std::to_string(weight.values.size()) + " values, " +
                            std::to_string(count) + " are needed",
                        name);
        return {weight.values.begin(), weight.values.end()};
    }

    [[nodiscard]] Values role(const g::Node &node, const char *name) const {
        const auto found = node.weights.find(name);
        return found == node.weights.end() ? Values() : load(found->second);
    }

    void convolution(const Step &step, CompiledStep &out) {
        out.relu = step.relu;
        if (step.curve) out.curve = graph_.nodes[*step.curve];
        auto kernel = kernel_of(out.kernel, step, type_ == Type::f32 ? Precision::fp32 : Precision::bf16);
        if (gradient_) kernel = Kernel::general;
        if (kernel == Kernel::three_channels) return filter(step, out);
        if (kernel == Kernel::phases) out.phases_of = out.kernel.integer("out_channels");
        auto &made = convolutions_[packing_key(graph_, step, kernel)];
        if (made)
            made->share();
        else
            made = prepare(step, out.kernel, kernel);
        out.convolution = made;
        out.kernel = computed_node(out.kernel, kernel);
    }

    void filter(const Step &step, CompiledStep &out) {
        auto &made = filters_[weight_key(graph_, step, Kernel::three_channels)];
        if (!made) {
            const auto [weight, bias] = folded(step);
            made = std::make_shared<const ThreeChannelFilter>(weight.data(),
                                                              bias.empty() ? nullptr : bias.data());
        }
        out.filter = made;
        out.type = type_;
    }

    /// Weight and bias of a convolution, with the batch norm behind it and the gain.
    [[nodiscard]] std::pair<Values, Values> folded(const Step &step) const {
        const auto &node = graph_.nodes[step.node];
        auto weight = role(node, "weight"), bias = role(node, "bias");
        if (step.batch_norm) fold(graph_.nodes[*step.batch_norm], node, weight, bias);
        for (auto *values : {&weight, &bias})
            for (auto &value : *values) value *= static_cast<float>(step.gain);
        return {std::move(weight), std::move(bias)};
    }

    [[nodiscard]] std::shared_ptr<Convolution> prepare(const Step &step, const g::Node &node,
                                                       Kernel kernel) const {
        auto [weight, bias] = folded(step);
        const auto in = node.integer("in_channels"), channels = node.integer("out_channels");
        if (step.doubled) weight = doubled_weight(weight, in, channels);
        if (kernel == Kernel::phases) {
            weight = phase_weight(weight, in, channels);
            if (!bias.empty()) bias = phase_bias(bias);
        }
        const bool by_winograd =
            kernel == Kernel::general && !gradient_ && filters_by_winograd(node, step, type_ == Type::f32);
        return std::make_shared<Convolution>(computed_node(node, kernel), std::move(weight), std::move(bias),
                                             type_, by_winograd);
    }

    /// y = (w x + b - mean) * gamma / sqrt(var + epsilon) + beta, as one convolution; in double precision.
    void fold(const g::Node &norm, const g::Node &convolution, Values &weight, Values &bias) const {
        const auto gamma = role(norm, "weight"), beta = role(norm, "bias"), mean = role(norm, "running_mean"),
                   variance = role(norm, "running_var");
        if (bias.empty()) bias.resize(gamma.size());
        const std::size_t channels = gamma.size();
        std::vector<double> scales;
        for (std::size_t c = 0; c < channels; ++c) {
            const double scale =
                gamma[c] / std::sqrt(static_cast<double>(variance[c]) + norm.real("epsilon"));
            bias[c] =
                static_cast<float>(static_cast<double>(beta[c]) +
                                   (static_cast<double>(bias[c]) - static_cast<double>(mean[c])) * scale);
            scales.push_back(scale);
        }
        const auto kernel = static_cast<std::size_t>(convolution.integer("kernel"));
        const std::size_t inner =
            convolution.op == g::Op::conv_transpose2d ? kernel * kernel : weight.size() / channels;
        for (std::size_t i = 0; i < weight.size(); ++i)
            weight[i] = static_cast<float>(static_cast<double>(weight[i]) * scales[i / inner % channels]);
    }

    const g::Graph &graph_;
    const WeightSource &weights_;
    const Type type_;
    const bool gradient_;
    std::map<std::string, g::Shape> shapes_;
    std::unordered_map<std::string, std::size_t> places_;                      ///< of values
    std::map<std::string, std::shared_ptr<Convolution>> convolutions_;         ///< by packing_key()
    std::map<std::string, std::shared_ptr<const ThreeChannelFilter>> filters_; ///< by weight_key()
};

} // namespace

Compiled compile(const g::Graph &graph, const WeightSource &weights, Type type, bool gradient) {
    return Compiler(graph, weights, type, gradient).compile(lower(graph, gradient));
}

} // namespace mirra::runtime::onednn
