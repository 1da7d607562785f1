// The op table: the one place that knows which ops there are.
#include "op_functions.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <array>

namespace mirra::graph {
namespace {

using enum AttributeKind;

constexpr double kMaxChannels = Limits::kChannels;
constexpr double kMaxWindow = 256;

constexpr AttributeInfo kConv[] = {
    {"in_channels", integer, {}, 1, kMaxChannels}, {"out_channels", integer, {}, 1, kMaxChannels},
    {"kernel", integer, {}, 1, kMaxWindow},        {"stride", integer, 1, 1, kMaxWindow},
    {"padding", integer, 0, 0, kMaxWindow},        {"dilation", integer, 1, 1, kMaxWindow},
    {"groups", integer, 1, 1, kMaxChannels},
};
constexpr AttributeInfo kConvTranspose[] = {
    {"in_channels", integer, {}, 1, kMaxChannels}, {"out_channels", integer, {}, 1, kMaxChannels},
    {"kernel", integer, {}, 1, kMaxWindow},        {"stride", integer, 1, 1, kMaxWindow},
    {"padding", integer, 0, 0, kMaxWindow},        {"output_padding", integer, 0, 0, kMaxWindow},
};
constexpr AttributeInfo kBatchNorm[] = {{"channels", integer, {}, 1, kMaxChannels},
                                        {"epsilon", real, 1e-5, 1e-12, 1}};
constexpr AttributeInfo kLinear[] = {{"in_channels", integer, {}, 1, 1 << 24},
                                     {"out_channels", integer, {}, 1, 1 << 24}};
constexpr AttributeInfo kLeakyRelu[] = {{"slope", real, 0.01, -10, 10}};
constexpr AttributeInfo kPool[] = {{"kernel", integer, {}, 1, kMaxWindow},
                                   {"stride", integer, {}, 1, kMaxWindow},
                                   {"padding", integer, 0, 0, kMaxWindow}};
constexpr AttributeInfo kAdaptivePool[] = {{"extent", integer, {}, 1, 1024}};
constexpr AttributeInfo kChannelSlice[] = {{"begin", integer, {}, 0, kMaxChannels},
                                           {"end", integer, {}, 1, kMaxChannels}};
constexpr AttributeInfo kUpsample[] = {{"factor", integer, {}, 1, 64}};
constexpr AttributeInfo kSides[] = {{"left", integer, 0, 0, 4096},
                                    {"right", integer, 0, 0, 4096},
                                    {"top", integer, 0, 0, 4096},
                                    {"bottom", integer, 0, 0, 4096}};
constexpr AttributeInfo kNormalise[] = {{"mean", reals, {}, -1e6, 1e6}, {"deviation", reals, {}, 1e-6, 1e6}};

constexpr WeightInfo kConvWeights[] = {{"weight", true, conv2d_weight}, {"bias", false, out_channels_vector}};
constexpr WeightInfo kConvTransposeWeights[] = {{"weight", true, conv_transpose2d_weight},
                                                {"bias", false, out_channels_vector}};
constexpr WeightInfo kBatchNormWeights[] = {{"weight", true, channels_vector},
                                            {"bias", true, channels_vector},
                                            {"running_mean", true, channels_vector},
                                            {"running_var", true, channels_vector}};
constexpr WeightInfo kLinearWeights[] = {{"weight", true, linear_weight},
                                         {"bias", false, out_channels_vector}};

constexpr std::size_t kMany = 64;

constexpr std::array kOps{
    OpInfo{Op::conv2d, "conv2d", 1, 1, kConv, kConvWeights, conv2d_shape, window_field},
    OpInfo{Op::conv_transpose2d, "conv_transpose2d", 1, 1, kConvTranspose, kConvTransposeWeights,
           conv_transpose2d_shape, conv_transpose2d_field},
    OpInfo{Op::batch_norm, "batch_norm", 1, 1, kBatchNorm, kBatchNormWeights, per_channel_shape, same_field},
    OpInfo{Op::linear, "linear", 1, 1, kLinear, kLinearWeights, linear_shape, whole_field},
    OpInfo{Op::relu, "relu", 1, 1, {}, {}, same_shape, same_field},
    OpInfo{Op::leaky_relu, "leaky_relu", 1, 1, kLeakyRelu, {}, same_shape, same_field},
    OpInfo{Op::tanh, "tanh", 1, 1, {}, {}, same_shape, same_field},
    OpInfo{Op::sigmoid, "sigmoid", 1, 1, {}, {}, same_shape, same_field},
    OpInfo{Op::max_pool, "max_pool", 1, 1, kPool, {}, pool_shape, window_field},
    OpInfo{Op::avg_pool, "avg_pool", 1, 1, kPool, {}, pool_shape, window_field},
    OpInfo{Op::global_avg_pool, "global_avg_pool", 1, 1, {}, {}, global_pool_shape, whole_field},
    OpInfo{Op::adaptive_avg_pool,
           "adaptive_avg_pool",
           1,
           1,
           kAdaptivePool,
           {},
           adaptive_pool_shape,
           whole_field},
    OpInfo{Op::flatten, "flatten", 1, 1, {}, {}, flatten_shape, whole_field},
    OpInfo{Op::concat, "concat", 1, kMany, {}, {}, concat_shape, same_field},
    OpInfo{Op::add, "add", 2, 2, {}, {}, add_shape, same_field},
    OpInfo{Op::channel_slice, "channel_slice", 1, 1, kChannelSlice, {}, channel_slice_shape, same_field},
    OpInfo{Op::upsample_nearest, "upsample_nearest", 1, 1, kUpsample, {}, upsample_shape, upsample_field},
    OpInfo{Op::reflection_pad, "reflection_pad", 1, 1, kSides, {}, reflection_pad_shape, pad_field},
    OpInfo{Op::crop, "crop", 1, 1, kSides, {}, crop_shape, crop_field},
    OpInfo{Op::normalise, "normalise", 1, 1, kNormalise, {}, normalise_shape, same_field},
    OpInfo{Op::haar_analysis, "haar_analysis", 1, 1, {}, {}, haar_analysis_shape, haar_analysis_field},
    OpInfo{Op::haar_synthesis, "haar_synthesis", 1, 1, {}, {}, haar_synthesis_shape, haar_synthesis_field},
};

constexpr bool in_enum_order() {
    for (std::size_t i = 0; i < kOps.size(); ++i)
        if (static_cast<std::size_t>(kOps[i].op) != i) return false;
    return true;
}
static_assert(in_enum_order(), "ops() is indexed by Op");

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
