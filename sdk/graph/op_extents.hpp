// Entries of the op table: what changes the extents of a picture.
#pragma once

#include "op_parts.hpp"

#include <algorithm>

// An entry bears the name of its op: MIRRA_ENTRY of ops.cpp pairs them.
// NOLINTBEGIN(readability-identifier-naming)
namespace mirra::graph::entries {

inline constexpr AttributeInfo kFactor[] = {{"factor", integer, {}, 1, 64}};

inline Shape upsample_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1], x[2] * node.integer("factor"), x[3] * node.integer("factor")};
}

inline Interval enlarged_field(const Node &node, bool, Interval output) {
    const auto factor = node.integer("factor");
    return {floor_div(output.low, factor), floor_div(output.high, factor), output.unbounded};
}

inline Scale enlarged_by_factor(const Node &node) {
    return {1, node.integer("factor")};
}
inline constexpr Placement kEnlarged{enlarged_field, enlarged_by_factor};

inline constexpr OpInfo upsample_nearest{
    .inputs = kOne,
    .attributes = kFactor,
    .shape = upsample_shape,
    .placement = kEnlarged,
    .products = Products::none,
    .execution = kOrdinary,
};

/// Between the two pixels whose middles are nearest, as a pixel's middle lies half a pixel from its edges.
inline Interval bilinear_field(const Node &node, bool, Interval output) {
    const auto factor = node.integer("factor");
    return {floor_div(2 * output.low + 1 - factor, 2 * factor),
            ceil_div(2 * output.high + 1 - factor, 2 * factor), output.unbounded};
}

inline constexpr OpInfo upsample_bilinear{
    .inputs = kOne,
    .attributes = kFactor,
    .shape = upsample_shape,
    .placement = Placement{bilinear_field, enlarged_by_factor},
    .products = Products::none,
    .execution = kOrdinary,
};

inline Shape pixel_shuffle_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    const auto factor = node.integer("factor"), pixels = factor * factor;
    if (x[1] % pixels != 0)
        mismatch(node, "needs a multiple of " + std::to_string(pixels) + " channels, got " + text(x));
    return {x[0], x[1] / pixels, x[2] * factor, x[3] * factor};
}

inline constexpr OpInfo pixel_shuffle{
    .inputs = kOne,
    .attributes = kFactor,
    .shape = pixel_shuffle_shape,
    .placement = kEnlarged,
    .products = Products::none,
    .execution = kOrdinary,
};

inline Shape pixel_unshuffle_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    const auto factor = node.integer("factor");
    if (x[2] % factor != 0 || x[3] % factor != 0)
        mismatch(node, "needs sides that are multiples of " + std::to_string(factor) + ", got " + text(x));
    return {x[0], x[1] * factor * factor, x[2] / factor, x[3] / factor};
}

inline Interval reduced_field(const Node &node, bool, Interval output) {
    const auto factor = node.integer("factor");
    return {output.low * factor, output.high * factor + factor - 1, output.unbounded};
}

inline Scale reduced_by_factor(const Node &node) {
    return {node.integer("factor"), 1};
}

inline constexpr OpInfo pixel_unshuffle{
    .inputs = kOne,
    .attributes = kFactor,
    .shape = pixel_unshuffle_shape,
    .placement = Placement{reduced_field, reduced_by_factor},
    .products = Products::none,
    .execution = kOrdinary,
};

inline constexpr AttributeInfo kSides[] = {{"left", integer, 0, 0, 4096},
                                           {"right", integer, 0, 0, 4096},
                                           {"top", integer, 0, 0, 4096},
                                           {"bottom", integer, 0, 0, 4096}};

inline Shape reflection_pad_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    if (std::max(node.integer("top"), node.integer("bottom")) >= x[2] ||
        std::max(node.integer("left"), node.integer("right")) >= x[3])
        mismatch(node, "reflects more than there is of " + text(x));
    return {x[0], x[1], x[2] + node.integer("top") + node.integer("bottom"),
            x[3] + node.integer("left") + node.integer("right")};
}

inline Interval pad_field(const Node &node, bool vertical, Interval output) {
    const auto before = node.integer(vertical ? "top" : "left");
    return {output.low - before, output.high - before, output.unbounded};
}

inline constexpr OpInfo reflection_pad{
    .inputs = kOne,
    .attributes = kSides,
    .shape = reflection_pad_shape,
    .placement = Placement{pad_field, same_scale},
    .products = Products::none,
    .execution = kOrdinary,
};

inline Shape crop_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1], positive(node, x[2] - node.integer("top") - node.integer("bottom"), x),
            positive(node, x[3] - node.integer("left") - node.integer("right"), x)};
}

inline Interval crop_field(const Node &node, bool vertical, Interval output) {
    const auto before = node.integer(vertical ? "top" : "left");
    return {output.low + before, output.high + before, output.unbounded};
}

inline constexpr OpInfo crop{
    .inputs = kOne,
    .attributes = kSides,
    .shape = crop_shape,
    .placement = Placement{crop_field, same_scale},
    .products = Products::none,
    .execution = kView,
};

// ---- wavelets

inline Shape haar_analysis_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1] * 4, positive(node, x[2] / 2, x), positive(node, x[3] / 2, x)};
}

inline Interval haar_analysis_field(const Node &, bool, Interval output) {
    return {output.low * 2, output.high * 2 + 1, output.unbounded};
}

inline Scale halved(const Node &) {
    return {2, 1};
}

inline constexpr OpInfo haar_analysis{
    .inputs = kOne,
    .shape = haar_analysis_shape,
    .placement = Placement{haar_analysis_field, halved},
    .products = Products::none,
    .execution = kOrdinary,
};

inline Shape haar_synthesis_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    if (x[1] % 4 != 0) mismatch(node, "needs a multiple of 4 channels, got " + text(x));
    return {x[0], x[1] / 4, x[2] * 2, x[3] * 2};
}

inline Interval haar_synthesis_field(const Node &, bool, Interval output) {
    return {floor_div(output.low, 2), floor_div(output.high, 2), output.unbounded};
}

inline Scale doubled(const Node &) {
    return {1, 2};
}

inline constexpr OpInfo haar_synthesis{
    .inputs = kOne,
    .shape = haar_synthesis_shape,
    .placement = Placement{haar_synthesis_field, doubled},
    .products = Products::none,
    .execution = kOrdinary,
};

} // namespace mirra::graph::entries
// NOLINTEND(readability-identifier-naming)
