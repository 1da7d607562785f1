// One function an op of MIRRA_GRAPH_OPS; where one of them is missing nothing compiles.
#include "export/onnx_ops.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace mirra::trainer::onnx {
namespace {

namespace g = mirra::graph;

using Integers = std::vector<std::int64_t>;

constexpr std::int64_t kFloatType = 1; // of TensorProto.DataType

std::string number(const Call &c, double value) {
    const auto single = static_cast<float>(value);
    return c.out.floats({}, {&single, 1});
}

/// Of a window: the same at all sides.
Attributes window(const Call &c, Attributes more = {}) {
    const auto kernel = c.integer("kernel"), stride = c.integer("stride"), padding = c.integer("padding");
    more.emplace_back("kernel_shape", Integers{kernel, kernel});
    more.emplace_back("strides", Integers{stride, stride});
    more.emplace_back("pads", Integers{padding, padding, padding, padding});
    return more;
}

std::vector<std::string> with_weights(const Call &c) {
    std::vector<std::string> out{c.x(), c.weight("weight")};
    if (auto bias = c.weight("bias"); !bias.empty()) out.push_back(std::move(bias));
    return out;
}

std::string enlarged(const Call &c, const Attributes &how) {
    const auto factor = static_cast<float>(c.integer("factor"));
    const std::array scales{1.0F, 1.0F, factor, factor};
    return c.made("Resize", {c.x(), "", c.out.floats({4}, scales)}, how);
}

/// The 2 x 2 pixels of each block, or its bands, one after the other, times a matrix.
std::string mixed_by_fours(const Call &c, const std::string &x, const std::array<float, 16> &matrix) {
    const auto shape = c.out.node("Shape", {x});
    const auto fours = c.out.node("Reshape", {x, c.out.integers({0, 4, -1})});
    const auto mixed = c.out.node("MatMul", {c.out.floats({4, 4}, matrix), fours});
    return c.out.node("Reshape", {mixed, shape}, {}, c.node.name);
}

/// [extent, size of the axis]: which share of each pixel is in each cell of an adaptive pooling. Cell i is
/// from floor(i size / extent) to before ceil((i + 1) size / extent).
std::string cells(const Call &c, std::int64_t axis) {
    auto &out = c.out;
    const auto extent = c.integer("extent");
    Integers begins, ends;
    for (std::int64_t i = 0; i < extent; ++i) {
        begins.push_back(i);
        ends.push_back(i + 1);
    }
    const auto column = out.integers({-1, 1}), divisor = out.integer(extent);
    const auto size =
        out.node("Gather", {out.node("Shape", {c.x()}), out.integer(axis)}, {{"axis", std::int64_t{0}}});
    const auto scaled = [&](const Integers &cells, std::int64_t more) {
        const auto product = out.node("Mul", {out.integers(cells), size});
        const auto quotient = out.node("Div", {out.node("Add", {product, out.integer(more)}), divisor});
        return out.node("Reshape", {quotient, column});
    };
    const auto begin = scaled(begins, 0), end = scaled(ends, extent - 1);
    const auto places = out.node("Range", {out.integer(0), size, out.integer(1)});
    const auto inside =
        out.node("And", {out.node("GreaterOrEqual", {places, begin}), out.node("Less", {places, end})});
    const auto as_float = [&](const std::string &value) {
        return out.node("Cast", {value}, {{"to", kFloatType}});
    };
    return out.node("Div", {as_float(inside), as_float(out.node("Sub", {end, begin}))});
}

namespace exports {

std::string conv2d(const Call &c) {
    const auto dilation = c.integer("dilation");
    return c.made("Conv", with_weights(c),
                  window(c, {{"dilations", Integers{dilation, dilation}}, {"group", c.integer("groups")}}));
}
std::string conv_transpose2d(const Call &c) {
    const auto more = c.integer("output_padding");
    return c.made("ConvTranspose", with_weights(c), window(c, {{"output_padding", Integers{more, more}}}));
}
std::string batch_norm(const Call &c) {
    return c.made(
        "BatchNormalization",
        {c.x(), c.weight("weight"), c.weight("bias"), c.weight("running_mean"), c.weight("running_var")},
        {{"epsilon", c.node.real("epsilon")}});
}
std::string linear(const Call &c) {
    return c.made("Gemm", with_weights(c), {{"transB", std::int64_t{1}}});
}
std::string relu(const Call &c) {
    return c.made("Relu", {c.x()});
}
std::string leaky_relu(const Call &c) {
    return c.made("LeakyRelu", {c.x()}, {{"alpha", c.node.real("slope")}});
}
std::string tanh(const Call &c) {
    return c.made("Tanh", {c.x()});
}
std::string sigmoid(const Call &c) {
    return c.made("Sigmoid", {c.x()});
}
std::string max_pool(const Call &c) {
    return c.made("MaxPool", {c.x()}, window(c));
}
std::string avg_pool(const Call &c) {
    return c.made("AveragePool", {c.x()}, window(c, {{"count_include_pad", std::int64_t{1}}}));
}
std::string global_avg_pool(const Call &c) {
    return c.made("GlobalAveragePool", {c.x()});
}
std::string adaptive_avg_pool(const Call &c) {
    constexpr std::int64_t kRows = 2, kColumns = 3;
    const auto columns = c.out.node("Transpose", {cells(c, kColumns)});
    return c.made("MatMul", {c.out.node("MatMul", {cells(c, kRows), c.x()}), columns});
}
std::string flatten(const Call &c) {
    return c.made("Flatten", {c.x()});
}
std::string concat(const Call &c) {
    return c.made("Concat", c.inputs, {{"axis", std::int64_t{1}}});
}
std::string add(const Call &c) {
    return c.made("Add", c.inputs);
}
std::string channel_slice(const Call &c) {
    return c.made("Slice", {c.x(), c.out.integers({c.integer("begin")}), c.out.integers({c.integer("end")}),
                            c.out.integers({1})});
}
std::string upsample_nearest(const Call &c) {
    return enlarged(
        c,
        {{"mode", "nearest"}, {"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}});
}
std::string reflection_pad(const Call &c) {
    const auto pads = c.out.integers(
        {0, 0, c.integer("top"), c.integer("left"), 0, 0, c.integer("bottom"), c.integer("right")});
    return c.made("Pad", {c.x(), pads}, {{"mode", "reflect"}});
}
std::string crop(const Call &c) {
    const auto end = [&](const char *side) {
        const auto pixels = c.integer(side);
        return pixels == 0 ? std::numeric_limits<std::int64_t>::max() : -pixels;
    };
    return c.made("Slice", {c.x(), c.out.integers({c.integer("top"), c.integer("left")}),
                            c.out.integers({end("bottom"), end("right")}), c.out.integers({2, 3})});
}
std::string normalise(const Call &c) {
    const auto vector = [&](const char *key) {
        const auto &values = c.node.reals(key);
        const std::vector<float> singles(values.begin(), values.end());
        return c.out.floats({1, static_cast<std::int64_t>(singles.size()), 1, 1}, singles);
    };
    return c.made("Div", {c.out.node("Sub", {c.x(), vector("mean")}), vector("deviation")});
}
/// Rows: the bands; columns: upper left, upper right, lower left, lower right pixel.
constexpr std::array<float, 16> kHaar{.5F,  .5F,  .5F, .5F, -.5F, .5F,  -.5F, .5F,
                                      -.5F, -.5F, .5F, .5F, .5F,  -.5F, -.5F, .5F};
std::string haar_analysis(const Call &c) {
    return mixed_by_fours(c, c.out.node("SpaceToDepth", {c.x()}, {{"blocksize", std::int64_t{2}}}), kHaar);
}
std::string haar_synthesis(const Call &c) {
    std::array<float, 16> transposed{};
    for (std::size_t i = 0; i < transposed.size(); ++i) transposed[i] = kHaar[i % 4 * 4 + i / 4];
    return c.made("DepthToSpace", {mixed_by_fours(c, c.x(), transposed)}, {{"blocksize", std::int64_t{2}}});
}

/// A value a channel, beside [N, C, H, W].
std::string of_channels(const Call &c, const char *role) {
    return c.weight(role, {c.integer("channels"), 1, 1});
}
std::string prelu(const Call &c) {
    return c.made("PRelu", {c.x(), of_channels(c, "weight")});
}
std::string silu(const Call &c) {
    return c.made("Mul", {c.x(), c.out.node("Sigmoid", {c.x()})});
}
std::string gelu(const Call &c) {
    auto &out = c.out;
    constexpr double kCubic = 0.044715;
    std::string share;
    if (c.integer("approximate") == 1) {
        const auto cube = out.node("Mul", {out.node("Mul", {c.x(), c.x()}), c.x()});
        const auto sum = out.node("Add", {c.x(), out.node("Mul", {cube, number(c, kCubic)})});
        const double root = std::sqrt(2 * std::numbers::inv_pi);
        share = out.node("Tanh", {out.node("Mul", {sum, number(c, root)})});
    } else {
        share = out.node("Erf", {out.node("Div", {c.x(), number(c, std::numbers::sqrt2)})});
    }
    const auto half = out.node("Mul", {c.x(), number(c, 0.5)});
    return c.made("Mul", {half, out.node("Add", {share, number(c, 1)})});
}
std::string multiply(const Call &c) {
    return c.made("Mul", c.inputs);
}
std::string scale(const Call &c) {
    const auto weight = of_channels(c, "weight"), bias = of_channels(c, "bias");
    if (bias.empty()) return c.made("Mul", {c.x(), weight});
    return c.made("Add", {c.out.node("Mul", {c.x(), weight}), bias});
}
std::string layer_norm(const Call &c) {
    const auto pixels = c.out.node("Transpose", {c.x()}, {{"perm", Integers{0, 2, 3, 1}}});
    const auto normal = c.out.node("LayerNormalization", {pixels, c.weight("weight"), c.weight("bias")},
                                   {{"axis", std::int64_t{-1}}, {"epsilon", c.node.real("epsilon")}});
    return c.made("Transpose", {normal}, {{"perm", Integers{0, 3, 1, 2}}});
}
std::string pixel_shuffle(const Call &c) {
    return c.made("DepthToSpace", {c.x()}, {{"blocksize", c.integer("factor")}, {"mode", "CRD"}});
}
/// SpaceToDepth puts the channels of one pixel of a block together, where ours has the pixels of one channel.
std::string pixel_unshuffle(const Call &c) {
    const auto factor = c.integer("factor"), pixels = factor * factor, channels = c.shapes.front()[1];
    Integers order;
    for (std::int64_t channel = 0; channel < channels; ++channel)
        for (std::int64_t pixel = 0; pixel < pixels; ++pixel) order.push_back(pixel * channels + channel);
    const auto blocks = c.out.node("SpaceToDepth", {c.x()}, {{"blocksize", factor}});
    return c.made("Gather", {blocks, c.out.integers(order)}, {{"axis", std::int64_t{1}}});
}
std::string upsample_bilinear(const Call &c) {
    return enlarged(c, {{"mode", "linear"}, {"coordinate_transformation_mode", "half_pixel"}});
}

} // namespace exports

using Export = std::string (*)(const Call &);
#define MIRRA_EXPORT(name) exports::name,
constexpr std::array<Export, g::kOpCount> kExports{MIRRA_GRAPH_OPS(MIRRA_EXPORT)};
#undef MIRRA_EXPORT

} // namespace

std::string Call::weight(const char *role, graph::Shape shape) const {
    const auto found = node.weights.find(role);
    if (found == node.weights.end()) return {};
    if (shape.empty()) shape = weights.file().tensors().at(found->second).shape;
    return out.floats(shape, weights.weight(found->second), found->second);
}

std::string write_node(const Call &call) {
    return kExports.at(static_cast<std::size_t>(call.node.op))(call);
}

} // namespace mirra::trainer::onnx
