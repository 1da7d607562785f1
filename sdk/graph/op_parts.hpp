// What several entries of the op table have in common.
#pragma once

#include "mirra/error.hpp"
#include "mirra/graph.hpp"

namespace mirra::graph::entries {

using enum AttributeKind;

inline constexpr double kMaxChannels = Limits::kChannels;
inline constexpr double kMaxWindow = 256;
inline constexpr Arity kOne{1, 1}, kTwo{2, 2}, kMany{1, 64};

inline std::string text(const Shape &shape) {
    std::string out = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) out += (i ? ", " : "") + std::to_string(shape[i]);
    return out + "]";
}

[[noreturn]] inline void mismatch(const Node &node, const std::string &what) {
    throw Error(ErrorCode::mismatch, std::string(op_info(node.op).name) + ": " + what, node.name,
                "check the size of the input: each side must be a multiple of the network's alignment");
}

inline const Shape &image(const Node &node, std::span<const Shape> inputs, std::size_t index = 0) {
    const Shape &shape = inputs[index];
    if (shape.size() != 4) mismatch(node, "needs a [N, C, H, W] input, got " + text(shape));
    return shape;
}

inline void require_channels(const Node &node, const Shape &shape, std::int64_t channels) {
    if (shape[1] != channels)
        mismatch(node, "needs " + std::to_string(channels) + " channels, got " + text(shape));
}

inline std::int64_t positive(const Node &node, std::int64_t extent, const Shape &input) {
    if (extent < 1) mismatch(node, "nothing is left of an input of shape " + text(input));
    return extent;
}

inline std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}
inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
    return -floor_div(-a, b);
}

inline Shape same_shape(const Node &, std::span<const Shape> inputs) {
    return inputs[0];
}

inline Interval same_field(const Node &, bool, Interval output) {
    return output;
}

inline Interval whole_field(const Node &, bool, Interval output) {
    return {output.low, output.high, true};
}

inline Shape out_channels_vector(const Node &node) {
    return {node.integer("out_channels")};
}

inline Scale same_scale(const Node &) {
    return {1, 1};
}

inline constexpr Placement kPixelwise{same_field, same_scale}, kWhole{whole_field, same_scale};

/// A vector for each parameter of a channel, and what is made of it.
inline constexpr std::uint64_t kChannelVectors = 8;

/// Makes a new tensor, and nothing besides.
inline constexpr Execution kOrdinary{
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
inline constexpr Execution kWithWeights =
    taking({.a_weight = sizeof(float), .channel_vectors = kChannelVectors});
/// Converts them, and writes over its input.
inline constexpr Execution kWithWeightsOver = [] {
    Execution out = kWithWeights;
    out.storage = Storage::over_input;
    return out;
}();
inline constexpr Execution kView = stored(Storage::view);
inline constexpr Temporaries kCopyOfResult{.a_value = sizeof(float), .channel_vectors = kChannelVectors};

} // namespace mirra::graph::entries
