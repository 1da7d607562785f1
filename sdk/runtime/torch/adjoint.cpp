#include "runtime/torch/adjoint.hpp"

#include "runtime/torch/convolution.hpp"
#include "runtime/torch/few_channels.hpp"
#include "runtime/torch/libtorch.hpp"

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

constexpr std::int64_t kFewChannels = 4, kVector = 16;

/// The weight of the convolution that goes back through one of stride 1.
at::Tensor mirrored(const at::Tensor &weight) {
    return weight.flip({2, 3}).transpose(0, 1);
}

/// More output channels, of zeros: oneDNN is many times slower for a few that are no multiple of a vector.
at::Tensor padded_outputs(const at::Tensor &weight) {
    const auto rest = (kVector - weight.size(0) % kVector) % kVector;
    return weight.size(0) > kVector || rest == 0 ? weight
                                                 : at::constant_pad_nd(weight, {0, 0, 0, 0, 0, 0, 0, rest});
}

} // namespace

Adjoint::Kind Adjoint::kind_of(const CompiledStep &convolution) {
    const auto &node = convolution.node;
    if (convolution.filter) return Kind::three_channels;
    if (!convolution.packed) return Kind::general;
    if (convolution.phases_of > 0) return Kind::phases;
    if (node.op == g::Op::conv_transpose2d) return Kind::convolution;
    if (node.integer("groups") != 1 || node.integer("dilation") != 1) return Kind::general;
    if (node.integer("stride") == 1)
        return node.integer("padding") < node.integer("kernel") ? Kind::convolution : Kind::general;
    return node.integer("in_channels") <= kFewChannels ? Kind::blocks : Kind::general;
}

Adjoint::Adjoint(const CompiledStep &convolution) : kind_(kind_of(convolution)), forward_(convolution.node) {
    const auto &weight = convolution.weight;
    const auto reach = [&] { return forward_.integer("kernel") - 1 - forward_.integer("padding"); };
    switch (kind_) {
    case Kind::three_channels:
        filter_ = ThreeChannelFilter(mirrored(weight).contiguous().const_data_ptr<float>(), nullptr);
        break;
    case Kind::convolution:
        if (forward_.op == g::Op::conv_transpose2d)
            convolve_back(weight, forward_.integer("stride"), forward_.integer("padding"));
        else
            convolve_back(mirrored(weight), 1, reach());
        break;
    case Kind::phases:
        convolve_back(mirrored(weight), 1, reach());
        break;
    case Kind::blocks: {
        const auto blocks = block_weight(weight, forward_.integer("stride"));
        convolve_back(mirrored(blocks), 1, blocks.size(2) - 1);
        break;
    }
    case Kind::general:
        weight_ = weight;
    }
}

void Adjoint::share() {
    if (packed_) packed_->share();
}

void Adjoint::convolve_back(const at::Tensor &weight, std::int64_t stride, std::int64_t padding) {
    weight_ = padded_outputs(weight).contiguous(at::MemoryFormat::ChannelsLast);
    back_.name = forward_.name;
    back_.op = g::Op::conv2d;
    back_.inputs = forward_.inputs;
    back_.attributes = {{"in_channels", weight_.size(1)},
                        {"out_channels", weight_.size(0)},
                        {"kernel", weight_.size(2)},
                        {"stride", stride},
                        {"padding", padding}};
    packed_ = std::make_shared<PackedWeight>(back_, weight_);
}

at::Tensor Adjoint::general(const at::Tensor &gradient, at::IntArrayRef input_size) const {
    const bool transposed = forward_.op == g::Op::conv_transpose2d;
    const auto option = [&](const char *key, std::int64_t standard) {
        return std::vector<std::int64_t>(2, transposed && standard >= 0 ? standard : forward_.integer(key));
    };
    constexpr std::int64_t kAsGiven = -1;
    const auto input =
        at::empty(input_size, gradient.options().memory_format(at::MemoryFormat::ChannelsLast));
    return std::get<0>(at::convolution_backward(
        gradient, input, weight_, at::OptionalIntArrayRef{}, option("stride", kAsGiven),
        option("padding", kAsGiven), option("dilation", 1), transposed,
        transposed ? option("output_padding", kAsGiven) : std::vector<std::int64_t>{0, 0},
        transposed ? 1 : forward_.integer("groups"), {true, false, false}));
}

at::Tensor Adjoint::apply(const at::Tensor &gradient, at::IntArrayRef input_size) const {
    if (kind_ == Kind::three_channels) return three_channel_convolution(gradient, *filter_, false);
    if (kind_ == Kind::general) return general(gradient, input_size);
    const auto x =
        kind_ == Kind::phases ? split_phases(gradient) : gradient.contiguous(at::MemoryFormat::ChannelsLast);
    auto y = fused_convolution(back_, x, packed_->fitting(x.sizes()), {});
    if (kind_ != Kind::blocks) return y.size(1) == input_size[1] ? y : y.narrow(1, 0, input_size[1]);
    const auto stride = forward_.integer("stride"), padding = forward_.integer("padding");
    y = from_blocks(y.narrow(1, 0, stride * stride * input_size[1]), stride);
    // Blocks begin in the padding, and need not reach the end of the picture.
    const auto reach = [&](std::int64_t axis) { return input_size[axis] + padding - y.size(axis); };
    return at::constant_pad_nd(y, {-padding, reach(3), -padding, reach(2)});
}

} // namespace mirra::runtime
