// The op table: of each op its attributes and weights, its shapes, how far it sees, and what a run may do
// with it. See CONTRIBUTING.md to add one.
#include "mirra/error.hpp"
#include "mirra/graph.hpp"

#include <algorithm>
#include <array>

namespace mirra::graph {
namespace {

using enum AttributeKind;

constexpr double kMaxChannels = Limits::kChannels;
constexpr double kMaxWindow = 256;
constexpr Arity kOne{1, 1}, kTwo{2, 2}, kMany{1, 64};

// ---- what several ops have in common

std::string text(const Shape &shape) {
    std::string out = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) out += (i ? ", " : "") + std::to_string(shape[i]);
    return out + "]";
}

[[noreturn]] void mismatch(const Node &node, const std::string &what) {
    throw Error(ErrorCode::mismatch, std::string(op_info(node.op).name) + ": " + what, node.name,
                "check the size of the input: each side must be a multiple of the network's alignment");
}

const Shape &image(const Node &node, std::span<const Shape> inputs, std::size_t index = 0) {
    const Shape &shape = inputs[index];
    if (shape.size() != 4) mismatch(node, "needs a [N, C, H, W] input, got " + text(shape));
    return shape;
}

void require_channels(const Node &node, const Shape &shape, std::int64_t channels) {
    if (shape[1] != channels)
        mismatch(node, "needs " + std::to_string(channels) + " channels, got " + text(shape));
}

std::int64_t positive(const Node &node, std::int64_t extent, const Shape &input) {
    if (extent < 1) mismatch(node, "nothing is left of an input of shape " + text(input));
    return extent;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}
std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
    return -floor_div(-a, b);
}

Shape same_shape(const Node &, std::span<const Shape> inputs) {
    return inputs[0];
}

Interval same_field(const Node &, bool, Interval output) {
    return output;
}

Interval whole_field(const Node &, bool, Interval output) {
    return {output.low, output.high, true};
}

Shape out_channels_vector(const Node &node) {
    return {node.integer("out_channels")};
}

Scale same_scale(const Node &) {
    return {1, 1};
}

constexpr Placement kPixelwise{same_field, same_scale}, kWhole{whole_field, same_scale};

/// A vector for each parameter of a channel, and what is made of it.
constexpr std::uint64_t kChannelVectors = 8;

/// Makes a new tensor, and nothing besides.
constexpr Execution kOrdinary{
    .storage = Storage::own,
    .precision = ResultPrecision::of_inputs,
    .dense = false,
    .temporaries = Temporaries{},
    .gradient_reads_result = false,
};
constexpr Execution stored(Storage storage) {
    Execution out = kOrdinary;
    out.storage = storage;
    return out;
}
constexpr Execution taking(Temporaries temporaries) {
    Execution out = kOrdinary;
    out.temporaries = temporaries;
    return out;
}

/// Converts its weights to the precision of its inputs.
constexpr Execution kWithWeights = taking({.a_weight = sizeof(float), .channel_vectors = kChannelVectors});
/// Converts them, and writes over its input.
constexpr Execution kWithWeightsOver = [] {
    Execution out = kWithWeights;
    out.storage = Storage::over_input;
    return out;
}();
constexpr Execution kView = stored(Storage::view);
constexpr Temporaries kCopyOfResult{.a_value = sizeof(float), .channel_vectors = kChannelVectors};

// An entry bears the name of its op: MIRRA_ENTRY below pairs them.
// NOLINTBEGIN(readability-identifier-naming)
namespace entries {

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

// ---- extents

constexpr AttributeInfo kFactor[] = {{"factor", integer, {}, 1, 64}};

Shape upsample_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1], x[2] * node.integer("factor"), x[3] * node.integer("factor")};
}

Interval enlarged_field(const Node &node, bool, Interval output) {
    const auto factor = node.integer("factor");
    return {floor_div(output.low, factor), floor_div(output.high, factor), output.unbounded};
}

Scale enlarged_by_factor(const Node &node) {
    return {1, node.integer("factor")};
}
constexpr Placement kEnlarged{enlarged_field, enlarged_by_factor};

constexpr OpInfo upsample_nearest{
    .inputs = kOne,
    .attributes = kFactor,
    .shape = upsample_shape,
    .placement = kEnlarged,
    .products = Products::none,
    .execution = kOrdinary,
};

/// Between the two pixels whose middles are nearest, as a pixel's middle lies half a pixel from its edges.
Interval bilinear_field(const Node &node, bool, Interval output) {
    const auto factor = node.integer("factor");
    return {floor_div(2 * output.low + 1 - factor, 2 * factor),
            ceil_div(2 * output.high + 1 - factor, 2 * factor), output.unbounded};
}

constexpr OpInfo upsample_bilinear{
    .inputs = kOne,
    .attributes = kFactor,
    .shape = upsample_shape,
    .placement = Placement{bilinear_field, enlarged_by_factor},
    .products = Products::none,
    .execution = kOrdinary,
};

Shape pixel_shuffle_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    const auto factor = node.integer("factor"), pixels = factor * factor;
    if (x[1] % pixels != 0)
        mismatch(node, "needs a multiple of " + std::to_string(pixels) + " channels, got " + text(x));
    return {x[0], x[1] / pixels, x[2] * factor, x[3] * factor};
}

constexpr OpInfo pixel_shuffle{
    .inputs = kOne,
    .attributes = kFactor,
    .shape = pixel_shuffle_shape,
    .placement = kEnlarged,
    .products = Products::none,
    .execution = kOrdinary,
};

Shape pixel_unshuffle_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    const auto factor = node.integer("factor");
    if (x[2] % factor != 0 || x[3] % factor != 0)
        mismatch(node, "needs sides that are multiples of " + std::to_string(factor) + ", got " + text(x));
    return {x[0], x[1] * factor * factor, x[2] / factor, x[3] / factor};
}

Interval reduced_field(const Node &node, bool, Interval output) {
    const auto factor = node.integer("factor");
    return {output.low * factor, output.high * factor + factor - 1, output.unbounded};
}

Scale reduced_by_factor(const Node &node) {
    return {node.integer("factor"), 1};
}

constexpr OpInfo pixel_unshuffle{
    .inputs = kOne,
    .attributes = kFactor,
    .shape = pixel_unshuffle_shape,
    .placement = Placement{reduced_field, reduced_by_factor},
    .products = Products::none,
    .execution = kOrdinary,
};

constexpr AttributeInfo kSides[] = {{"left", integer, 0, 0, 4096},
                                    {"right", integer, 0, 0, 4096},
                                    {"top", integer, 0, 0, 4096},
                                    {"bottom", integer, 0, 0, 4096}};

Shape reflection_pad_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    if (std::max(node.integer("top"), node.integer("bottom")) >= x[2] ||
        std::max(node.integer("left"), node.integer("right")) >= x[3])
        mismatch(node, "reflects more than there is of " + text(x));
    return {x[0], x[1], x[2] + node.integer("top") + node.integer("bottom"),
            x[3] + node.integer("left") + node.integer("right")};
}

Interval pad_field(const Node &node, bool vertical, Interval output) {
    const auto before = node.integer(vertical ? "top" : "left");
    return {output.low - before, output.high - before, output.unbounded};
}

constexpr OpInfo reflection_pad{
    .inputs = kOne,
    .attributes = kSides,
    .shape = reflection_pad_shape,
    .placement = Placement{pad_field, same_scale},
    .products = Products::none,
    .execution = kOrdinary,
};

Shape crop_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1], positive(node, x[2] - node.integer("top") - node.integer("bottom"), x),
            positive(node, x[3] - node.integer("left") - node.integer("right"), x)};
}

Interval crop_field(const Node &node, bool vertical, Interval output) {
    const auto before = node.integer(vertical ? "top" : "left");
    return {output.low + before, output.high + before, output.unbounded};
}

constexpr OpInfo crop{
    .inputs = kOne,
    .attributes = kSides,
    .shape = crop_shape,
    .placement = Placement{crop_field, same_scale},
    .products = Products::none,
    .execution = kView,
};

// ---- wavelets

Shape haar_analysis_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1] * 4, positive(node, x[2] / 2, x), positive(node, x[3] / 2, x)};
}

Interval haar_analysis_field(const Node &, bool, Interval output) {
    return {output.low * 2, output.high * 2 + 1, output.unbounded};
}

Scale halved(const Node &) {
    return {2, 1};
}

constexpr OpInfo haar_analysis{
    .inputs = kOne,
    .shape = haar_analysis_shape,
    .placement = Placement{haar_analysis_field, halved},
    .products = Products::none,
    .execution = kOrdinary,
};

Shape haar_synthesis_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    if (x[1] % 4 != 0) mismatch(node, "needs a multiple of 4 channels, got " + text(x));
    return {x[0], x[1] / 4, x[2] * 2, x[3] * 2};
}

Interval haar_synthesis_field(const Node &, bool, Interval output) {
    return {floor_div(output.low, 2), floor_div(output.high, 2), output.unbounded};
}

Scale doubled(const Node &) {
    return {1, 2};
}

constexpr OpInfo haar_synthesis{
    .inputs = kOne,
    .shape = haar_synthesis_shape,
    .placement = Placement{haar_synthesis_field, doubled},
    .products = Products::none,
    .execution = kOrdinary,
};

} // namespace entries
// NOLINTEND(readability-identifier-naming)

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
                    "the file was made by a newer version of Mirra, or it is damaged");
    return *found;
}

} // namespace mirra::graph
