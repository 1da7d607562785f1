// The kernels behind the op table: one a name of MIRRA_GRAPH_OPS, which is a function here.
#include "runtime/torch/ops.hpp"

#include "runtime/torch/bilinear.hpp"
#include "runtime/torch/haar.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/prelu.hpp"

#include <array>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

struct Call {
    const g::Node &node;
    std::span<const at::Tensor> inputs;
    const RoleSource &weight;
    OpMode mode;
    [[nodiscard]] const at::Tensor &x() const { return inputs[0]; }
    [[nodiscard]] std::int64_t integer(const char *key) const { return node.integer(key); }
};

std::optional<at::Tensor> optional(at::Tensor tensor) {
    return tensor.defined() ? std::optional(std::move(tensor)) : std::nullopt;
}

namespace kernels {

/// Whether a convolution has one place alone, so that it is a matrix product.
bool covers_input(const Call &c) {
    const auto kernel = c.integer("kernel");
    return c.x().size(2) == kernel && c.x().size(3) == kernel && c.integer("padding") == 0 &&
           c.integer("dilation") == 1 && c.integer("groups") == 1;
}

/// Its gradient by the weights is slow as a convolution's. Both are flattened as channels-last memory lies.
at::Tensor product(const Call &c) {
    const auto rows = [](const at::Tensor &tensor) { return tensor.permute({0, 2, 3, 1}).flatten(1); };
    const auto y = at::linear(rows(c.x()), rows(c.weight("weight")), optional(c.weight("bias")));
    return y.view({y.size(0), y.size(1), 1, 1});
}

at::Tensor conv2d(const Call &c) {
    if (c.mode.training && covers_input(c)) return product(c);
    return at::conv2d(c.x(), c.weight("weight"), optional(c.weight("bias")), c.integer("stride"),
                      c.integer("padding"), c.integer("dilation"), c.integer("groups"));
}

at::Tensor conv_transpose2d(const Call &c) {
    return at::conv_transpose2d(c.x(), c.weight("weight"), optional(c.weight("bias")), c.integer("stride"),
                                c.integer("padding"), c.integer("output_padding"));
}

at::Tensor batch_norm(const Call &c) {
    constexpr double kMomentum = 0.1;
    return at::batch_norm(c.x(), c.weight("weight"), c.weight("bias"), c.weight("running_mean"),
                          c.weight("running_var"), c.mode.training, kMomentum, c.node.real("epsilon"), false);
}

/// Of the channels, which channels-last memory has side by side.
at::Tensor layer_norm(const Call &c) {
    const auto pixels = c.x().permute({0, 2, 3, 1});
    return at::layer_norm(pixels, {pixels.size(3)}, c.weight("weight"), c.weight("bias"),
                          c.node.real("epsilon"))
        .permute({0, 3, 1, 2});
}

at::Tensor scale(const Call &c) {
    auto x = c.x();
    const auto each = [&](const char *role) {
        const auto values = c.weight(role);
        return values.defined() ? values.view({1, -1, 1, 1}) : values;
    };
    const auto weight = each("weight"), bias = each("bias");
    if (!bias.defined()) return c.mode.over ? x.mul_(weight) : at::mul(x, weight);
    return c.mode.over ? at::addcmul_out(x, bias, x, weight) : at::addcmul(bias, x, weight);
}

at::Tensor prelu(const Call &c) {
    auto x = c.x();
    if (!c.mode.over) return at::prelu(x, c.weight("weight"));
    prelu_over(x, c.weight("weight"));
    return x;
}

at::Tensor linear(const Call &c) {
    return at::linear(c.x(), c.weight("weight"), optional(c.weight("bias")));
}
at::Tensor relu(const Call &c) {
    return c.mode.over ? c.x().relu_() : at::relu(c.x());
}
at::Tensor leaky_relu(const Call &c) {
    auto x = c.x();
    return c.mode.over ? at::leaky_relu_(x, c.node.real("slope")) : at::leaky_relu(x, c.node.real("slope"));
}
at::Tensor tanh(const Call &c) {
    return c.mode.over ? c.x().tanh_() : at::tanh(c.x());
}
at::Tensor sigmoid(const Call &c) {
    return c.mode.over ? c.x().sigmoid_() : at::sigmoid(c.x());
}
at::Tensor silu(const Call &c) {
    auto x = c.x();
    return c.mode.over ? at::silu_(x) : at::silu(x);
}
at::Tensor gelu(const Call &c) {
    auto x = c.x();
    const char *form = c.integer("approximate") == 1 ? "tanh" : "none";
    return c.mode.over ? at::gelu_(x, form) : at::gelu(x, form);
}

at::Tensor max_pool(const Call &c) {
    return at::max_pool2d(c.x(), c.integer("kernel"), c.integer("stride"), c.integer("padding"));
}
at::Tensor avg_pool(const Call &c) {
    return at::avg_pool2d(c.x(), c.integer("kernel"), c.integer("stride"), c.integer("padding"));
}
at::Tensor global_avg_pool(const Call &c) {
    return at::adaptive_avg_pool2d(c.x(), {1, 1});
}
at::Tensor adaptive_avg_pool(const Call &c) {
    return at::adaptive_avg_pool2d(c.x(), {c.integer("extent"), c.integer("extent")});
}
/// Row-major over C, H, W whatever the memory format.
at::Tensor flatten(const Call &c) {
    return at::flatten(c.x().contiguous(), 1);
}
at::Tensor concat(const Call &c) {
    return at::cat(at::TensorList(c.inputs.data(), c.inputs.size()), 1);
}
/// One function of two values. Mixed precisions are widened first: LibTorch's mixed arithmetic runs element
/// by element.
template<class Function, class Over>
at::Tensor paired(const Call &c, const Function &function, const Over &over) {
    auto a = c.inputs[0], b = c.inputs[1];
    const bool alike = a.sizes() == b.sizes();
    if (const auto wide = at::promote_types(a.scalar_type(), b.scalar_type());
        a.scalar_type() != b.scalar_type()) {
        if (a.scalar_type() != wide) return over(a.to(wide), b);
        if (alike) return over(b.to(wide), a);
        b = b.to(wide);
    }
    if (!c.mode.over || (*c.mode.over == 1 && !alike)) return function(a, b);
    return *c.mode.over == 0 ? over(a, b) : over(b, a);
}
at::Tensor add(const Call &c) {
    return paired(
        c, [](const at::Tensor &a, const at::Tensor &b) { return at::add(a, b); },
        [](const at::Tensor &a, const at::Tensor &b) { return a.add_(b); });
}
at::Tensor multiply(const Call &c) {
    return paired(
        c, [](const at::Tensor &a, const at::Tensor &b) { return at::mul(a, b); },
        [](const at::Tensor &a, const at::Tensor &b) { return a.mul_(b); });
}
at::Tensor channel_slice(const Call &c) {
    return c.x().slice(1, c.integer("begin"), c.integer("end"));
}

at::Tensor upsample_nearest(const Call &c) {
    const auto factor = c.integer("factor");
    return at::upsample_nearest2d(c.x(), {c.x().size(2) * factor, c.x().size(3) * factor});
}
at::Tensor upsample_bilinear(const Call &c) {
    return upsample_bilinear_autograd(c.x(), c.integer("factor"));
}
at::Tensor pixel_shuffle(const Call &c) {
    return at::pixel_shuffle(c.x(), c.integer("factor"));
}
at::Tensor pixel_unshuffle(const Call &c) {
    return at::pixel_unshuffle(c.x(), c.integer("factor"));
}
at::Tensor reflection_pad(const Call &c) {
    return at::reflection_pad2d(
        c.x(), {c.integer("left"), c.integer("right"), c.integer("top"), c.integer("bottom")});
}
at::Tensor crop(const Call &c) {
    return c.x()
        .slice(2, c.integer("top"), c.x().size(2) - c.integer("bottom"))
        .slice(3, c.integer("left"), c.x().size(3) - c.integer("right"));
}
/// A value a channel, [1, C, 1, 1]. On a GPU they are made there: a copy would wait for all the work before
/// it.
at::Tensor channel_values(const std::vector<double> &values, const at::TensorOptions &options) {
    if (options.device().is_cpu()) return torch::tensor(values, at::kDouble).to(options).view({1, -1, 1, 1});
    std::vector<at::Tensor> each;
    for (const auto value : values) each.push_back(at::full({1}, value, options));
    return at::cat(each).view({1, -1, 1, 1});
}
at::Tensor normalise(const Call &c) {
    const auto vector = [&](const char *key) { return channel_values(c.node.reals(key), c.x().options()); };
    return (c.x() - vector("mean")) / vector("deviation");
}
at::Tensor haar_analysis(const Call &c) {
    return haar_analysis_autograd(c.x());
}
at::Tensor haar_synthesis(const Call &c) {
    return haar_synthesis_autograd(c.x());
}

} // namespace kernels

using Kernel = at::Tensor (*)(const Call &);
#define MIRRA_KERNEL(name) kernels::name,
constexpr std::array<Kernel, g::kOpCount> kKernels{MIRRA_GRAPH_OPS(MIRRA_KERNEL)};
#undef MIRRA_KERNEL

} // namespace

at::Tensor apply_op(const g::Node &node, std::span<const at::Tensor> inputs, const RoleSource &weight,
                    OpMode mode) {
    return kKernels.at(static_cast<std::size_t>(node.op))({node, inputs, weight, mode});
}

} // namespace mirra::runtime
