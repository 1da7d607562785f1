// The op table: of each op its attributes and weights, its shapes, how far it sees, and what a run may do
// with it. See CONTRIBUTING.md to add one.
#include "op_extents.hpp"
#include "op_parts.hpp"

#include <algorithm>
#include <array>

namespace mirra::graph {

// An entry bears the name of its op: MIRRA_ENTRY below pairs them.
// NOLINTBEGIN(readability-identifier-naming)
namespace entries {
namespace {

// ---- convolutions

constexpr AttributeInfo kConv[] = {
    {"in_channels", integer, {}, 1, kMaxChannels}, {"out_channels", integer, {}, 1, kMaxChannels},
    {"kernel", integer, {}, 1, kMaxWindow},        {"stride", integer, 1, 1, kMaxWindow},
    {"padding", integer, 0, 0, kMaxWindow},        {"dilation", integer, 1, 1, kMaxWindow},
    {"groups", integer, 1, 1, kMaxChannels},
};

Shape conv2d_weight(const Node &node) {
    return {node.integer("out_channels"), node.integer("in_channels") / node.integer("groups"),
            node.integer("kernel"), node.integer("kernel")};
}

Shape conv2d_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    require_channels(node, x, node.integer("in_channels"));
    const auto reach = node.integer("dilation") * (node.integer("kernel") - 1) + 1;
    const auto extent = [&](std::int64_t size) {
        const auto room = size + 2 * node.integer("padding") - reach;
        return positive(node, room < 0 ? 0 : room / node.integer("stride") + 1, x);
    };
    return {x[0], node.integer("out_channels"), extent(x[2]), extent(x[3])};
}

Interval window_field(const Node &node, bool, Interval output) {
    const auto stride = node.integer("stride"), padding = node.integer("padding");
    const auto dilation = node.op == Op::conv2d ? node.integer("dilation") : 1;
    return {output.low * stride - padding,
            output.high * stride - padding + dilation * (node.integer("kernel") - 1), output.unbounded};
}

Scale strided(const Node &node) {
    return {node.integer("stride"), 1};
}
constexpr Placement kWindow{window_field, strided};

constexpr WeightInfo kConvWeights[] = {{"weight", true, conv2d_weight}, {"bias", false, out_channels_vector}};

const char *conv2d_conflict(const Node &node) {
    const bool fits = node.integer("in_channels") % node.integer("groups") == 0 &&
                      node.integer("out_channels") % node.integer("groups") == 0;
    return fits ? nullptr : "channels are not a multiple of groups";
}

/// What a convolution takes besides hangs on the kernel that computes it: the planner knows.
constexpr Execution kConvolution{
    .storage = Storage::own,
    .precision = ResultPrecision::compiled,
    .dense = true,
    .temporaries = Temporaries{},
    .gradient_reads_result = false,
};

constexpr OpInfo conv2d{
    .inputs = kOne,
    .attributes = kConv,
    .weights = kConvWeights,
    .conflict = conv2d_conflict,
    .shape = conv2d_shape,
    .placement = kWindow,
    .products = Products::at_outputs,
    .execution = kConvolution,
};

constexpr AttributeInfo kConvTranspose[] = {
    {"in_channels", integer, {}, 1, kMaxChannels}, {"out_channels", integer, {}, 1, kMaxChannels},
    {"kernel", integer, {}, 1, kMaxWindow},        {"stride", integer, 1, 1, kMaxWindow},
    {"padding", integer, 0, 0, kMaxWindow},        {"output_padding", integer, 0, 0, kMaxWindow},
};

Shape conv_transpose2d_weight(const Node &node) {
    return {node.integer("in_channels"), node.integer("out_channels"), node.integer("kernel"),
            node.integer("kernel")};
}

Shape conv_transpose2d_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    require_channels(node, x, node.integer("in_channels"));
    const auto extent = [&](std::int64_t size) {
        return positive(node,
                        (size - 1) * node.integer("stride") - 2 * node.integer("padding") +
                            node.integer("kernel") + node.integer("output_padding"),
                        x);
    };
    return {x[0], node.integer("out_channels"), extent(x[2]), extent(x[3])};
}

Interval conv_transpose2d_field(const Node &node, bool, Interval output) {
    const auto stride = node.integer("stride"), padding = node.integer("padding");
    return {ceil_div(output.low + padding - (node.integer("kernel") - 1), stride),
            floor_div(output.high + padding, stride), output.unbounded};
}

Scale enlarged_by_stride(const Node &node) {
    return {1, node.integer("stride")};
}

constexpr WeightInfo kConvTransposeWeights[] = {{"weight", true, conv_transpose2d_weight},
                                                {"bias", false, out_channels_vector}};

const char *conv_transpose2d_conflict(const Node &node) {
    return node.integer("output_padding") < node.integer("stride")
               ? nullptr
               : "output_padding must be smaller than stride";
}

constexpr OpInfo conv_transpose2d{
    .inputs = kOne,
    .attributes = kConvTranspose,
    .weights = kConvTransposeWeights,
    .conflict = conv_transpose2d_conflict,
    .shape = conv_transpose2d_shape,
    .placement = Placement{conv_transpose2d_field, enlarged_by_stride},
    .products = Products::at_inputs,
    .execution = kConvolution,
};

// ---- functions of channels and of all values

constexpr AttributeInfo kBatchNorm[] = {{"channels", integer, {}, 1, kMaxChannels},
                                        {"epsilon", real, 1e-5, 1e-12, 1}};

Shape channels_vector(const Node &node) {
    return {node.integer("channels")};
}

Shape per_channel_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    require_channels(node, x, node.integer("channels"));
    return x;
}

constexpr WeightInfo kBatchNormWeights[] = {{"weight", true, channels_vector, 1},
                                            {"bias", true, channels_vector, 0},
                                            {"running_mean", true, channels_vector, 0},
                                            {"running_var", true, channels_vector, 1}};

constexpr OpInfo batch_norm{
    .inputs = kOne,
    .attributes = kBatchNorm,
    .weights = kBatchNormWeights,
    .shape = per_channel_shape,
    .placement = kPixelwise,
    .products = Products::none,
    .execution = kWithWeights,
};

constexpr AttributeInfo kLayerNorm[] = {{"channels", integer, {}, 1, kMaxChannels},
                                        {"epsilon", real, 1e-6, 1e-12, 1}};

constexpr WeightInfo kLayerNormWeights[] = {{"weight", true, channels_vector, 1},
                                            {"bias", true, channels_vector, 0}};

/// Over the channels of each pixel. The mean and the deviation of each are kept for a gradient.
constexpr OpInfo layer_norm{
    .inputs = kOne,
    .attributes = kLayerNorm,
    .weights = kLayerNormWeights,
    .shape = per_channel_shape,
    .placement = kPixelwise,
    .products = Products::none,
    .execution =
        Execution{
            .storage = Storage::own,
            .precision = ResultPrecision::of_inputs,
            .dense = true,
            .temporaries = Temporaries{.a_pixel = 2 * sizeof(float),
                                       .a_weight = sizeof(float),
                                       .channel_vectors = kChannelVectors},
            .gradient_reads_result = false,
        },
};

constexpr AttributeInfo kChannels[] = {{"channels", integer, {}, 1, kMaxChannels}};

constexpr WeightInfo kScaleWeights[] = {{"weight", true, channels_vector, 1},
                                        {"bias", false, channels_vector, 0}};

constexpr OpInfo scale{
    .inputs = kOne,
    .attributes = kChannels,
    .weights = kScaleWeights,
    .shape = per_channel_shape,
    .placement = kPixelwise,
    .products = Products::none,
    .execution = kWithWeightsOver,
};

constexpr WeightInfo kPreluWeights[] = {{"weight", true, channels_vector, 0.25}};

constexpr OpInfo prelu{
    .inputs = kOne,
    .attributes = kChannels,
    .weights = kPreluWeights,
    .shape = per_channel_shape,
    .placement = kPixelwise,
    .products = Products::none,
    .execution = kWithWeightsOver,
};

constexpr AttributeInfo kLinear[] = {{"in_channels", integer, {}, 1, 1 << 24},
                                     {"out_channels", integer, {}, 1, 1 << 24}};

Shape linear_weight(const Node &node) {
    return {node.integer("out_channels"), node.integer("in_channels")};
}

Shape linear_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = inputs[0];
    if (x.size() != 2 || x[1] != node.integer("in_channels"))
        mismatch(node, "needs [N, " + std::to_string(node.integer("in_channels")) + "], got " + text(x));
    return {x[0], node.integer("out_channels")};
}

constexpr WeightInfo kLinearWeights[] = {{"weight", true, linear_weight},
                                         {"bias", false, out_channels_vector}};

constexpr OpInfo linear{
    .inputs = kOne,
    .attributes = kLinear,
    .weights = kLinearWeights,
    .shape = linear_shape,
    .placement = kWhole,
    .products = Products::once,
    .execution = kWithWeights,
};

constexpr AttributeInfo kNormalise[] = {{"mean", reals, {}, -1e6, 1e6}, {"deviation", reals, {}, 1e-6, 1e6}};

Shape normalise_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    const auto values = static_cast<std::int64_t>(node.reals("mean").size());
    if (values != 1 && values != x[1])
        mismatch(node, "has " + std::to_string(values) + " means for " + text(x));
    return x;
}

const char *normalise_conflict(const Node &node) {
    return node.reals("mean").size() == node.reals("deviation").size()
               ? nullptr
               : "as many means as deviations are needed";
}

constexpr OpInfo normalise{
    .inputs = kOne,
    .attributes = kNormalise,
    .conflict = normalise_conflict,
    .shape = normalise_shape,
    .placement = kPixelwise,
    .products = Products::none,
    .execution =
        Execution{
            .storage = Storage::own,
            .precision = ResultPrecision::fp32,
            .dense = true,
            .temporaries = kCopyOfResult,
            .gradient_reads_result = false,
        },
};

// ---- functions of each value

constexpr OpInfo kCurve{
    .inputs = kOne,
    .shape = same_shape,
    .placement = kPixelwise,
    .products = Products::none,
    .execution =
        Execution{
            .storage = Storage::over_input,
            .precision = ResultPrecision::of_inputs,
            .dense = false,
            .temporaries = Temporaries{},
            .gradient_reads_result = true,
        },
};
constexpr OpInfo relu = kCurve, tanh = kCurve, sigmoid = kCurve;

constexpr AttributeInfo kLeakyRelu[] = {{"slope", real, 0.01, -10, 10}};
constexpr OpInfo leaky_relu = [] {
    OpInfo info = kCurve;
    info.attributes = kLeakyRelu;
    return info;
}();

constexpr OpInfo silu = [] {
    OpInfo info = kCurve;
    info.execution = stored(Storage::over_input);
    return info;
}();

/// The tanh form where `approximate` is 1.
constexpr AttributeInfo kGelu[] = {{"approximate", integer, 0, 0, 1}};
constexpr OpInfo gelu = [] {
    OpInfo info = silu;
    info.attributes = kGelu;
    return info;
}();

// ---- pooling

constexpr AttributeInfo kPool[] = {{"kernel", integer, {}, 1, kMaxWindow},
                                   {"stride", integer, {}, 1, kMaxWindow},
                                   {"padding", integer, 0, 0, kMaxWindow}};

Shape pool_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    const auto extent = [&](std::int64_t size) {
        const auto room = size + 2 * node.integer("padding") - node.integer("kernel");
        return positive(node, room < 0 ? 0 : room / node.integer("stride") + 1, x);
    };
    return {x[0], x[1], extent(x[2]), extent(x[3])};
}

const char *pool_conflict(const Node &node) {
    return node.integer("padding") * 2 <= node.integer("kernel") ? nullptr
                                                                 : "padding is more than half of the kernel";
}

/// Where each maximum was, which a gradient follows.
constexpr Temporaries kPlaces{.a_value = sizeof(std::int64_t), .kept_a_value = sizeof(std::int64_t)};

constexpr OpInfo max_pool{
    .inputs = kOne,
    .attributes = kPool,
    .conflict = pool_conflict,
    .shape = pool_shape,
    .placement = kWindow,
    .products = Products::none,
    .execution = taking(kPlaces),
};

constexpr OpInfo avg_pool{
    .inputs = kOne,
    .attributes = kPool,
    .conflict = pool_conflict,
    .shape = pool_shape,
    .placement = kWindow,
    .products = Products::none,
    .execution = kOrdinary,
};

Shape global_pool_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1], 1, 1};
}

constexpr OpInfo global_avg_pool{
    .inputs = kOne,
    .shape = global_pool_shape,
    .placement = kWhole,
    .products = Products::none,
    .execution = kOrdinary,
};

constexpr AttributeInfo kAdaptivePool[] = {{"extent", integer, {}, 1, 1024}};

Shape adaptive_pool_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1], node.integer("extent"), node.integer("extent")};
}

constexpr OpInfo adaptive_avg_pool{
    .inputs = kOne,
    .attributes = kAdaptivePool,
    .shape = adaptive_pool_shape,
    .placement = kWhole,
    .products = Products::none,
    .execution = kOrdinary,
};

// ---- putting values together and taking them apart

Shape flatten_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1] * x[2] * x[3]};
}

constexpr OpInfo flatten{
    .inputs = kOne,
    .shape = flatten_shape,
    .placement = kWhole,
    .products = Products::none,
    .execution =
        Execution{
            .storage = Storage::view_or_copy,
            .precision = ResultPrecision::of_inputs,
            .dense = true,
            .temporaries = kCopyOfResult,
            .gradient_reads_result = false,
        },
};

Shape concat_shape(const Node &node, std::span<const Shape> inputs) {
    Shape out = image(node, inputs);
    for (std::size_t i = 1; i < inputs.size(); ++i) {
        const Shape &x = image(node, inputs, i);
        if (x[0] != out[0] || x[2] != out[2] || x[3] != out[3])
            mismatch(node, "inputs differ in size: " + text(inputs[0]) + " and " + text(x));
        out[1] += x[1];
    }
    return out;
}

constexpr OpInfo concat{
    .inputs = kMany,
    .shape = concat_shape,
    .placement = kPixelwise,
    .products = Products::none,
    .execution = kOrdinary,
};

/// The second input is as large as the first, or one value for each of its channels or for each of its
/// places.
Shape paired_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &a = inputs[0], &b = inputs[1];
    if (a == b) return a;
    const bool pictures = a.size() == 4 && b.size() == 4 && a[0] == b[0];
    const bool of_channels = pictures && b[1] == a[1] && b[2] == 1 && b[3] == 1;
    const bool of_places = pictures && b[1] == 1 && b[2] == a[2] && b[3] == a[3];
    if (!of_channels && !of_places) mismatch(node, "inputs differ: " + text(a) + " and " + text(b));
    return a;
}

constexpr OpInfo add{
    .inputs = kTwo,
    .shape = paired_shape,
    .placement = kPixelwise,
    .products = Products::none,
    .execution = stored(Storage::over_input),
};
constexpr OpInfo multiply = add;

constexpr AttributeInfo kChannelSlice[] = {{"begin", integer, {}, 0, kMaxChannels},
                                           {"end", integer, {}, 1, kMaxChannels}};

Shape channel_slice_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    const auto begin = node.integer("begin"), end = node.integer("end");
    if (begin >= end || end > x[1])
        mismatch(node, "channels " + std::to_string(begin) + " to " + std::to_string(end) + " of " + text(x));
    return {x[0], end - begin, x[2], x[3]};
}

constexpr OpInfo channel_slice{
    .inputs = kOne,
    .attributes = kChannelSlice,
    .shape = channel_slice_shape,
    .placement = kPixelwise,
    .products = Products::none,
    .execution = kView,
};

} // namespace
} // namespace entries
// NOLINTEND(readability-identifier-naming)

namespace {

constexpr OpInfo named(Op op, std::string_view name, OpInfo entry) {
    entry.op = op;
    entry.name = name;
    return entry;
}

#define MIRRA_ENTRY(name) named(Op::name, #name, entries::name),
constexpr std::array kOps{MIRRA_GRAPH_OPS(MIRRA_ENTRY)};
#undef MIRRA_ENTRY

} // namespace

std::span<const OpInfo> ops() {
    return kOps;
}

const OpInfo &op_info(Op op) {
    return kOps.at(static_cast<std::size_t>(op));
}

const OpInfo &op_info(std::string_view name) {
    const auto found = std::ranges::find(kOps, name, &OpInfo::name);
    if (found == kOps.end())
        throw Error(ErrorCode::unsupported, "unknown op '" + std::string(name.substr(0, 40)) + "'", "op",
                    "docs/reference/ops.md lists the operations of this version; a newer one may have more");
    return *found;
}

} // namespace mirra::graph
