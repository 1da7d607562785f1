// How pixel intervals and scales travel through every op.
#include "op_functions.hpp"

namespace mirra::graph {
namespace {

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}
std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
    return -floor_div(-a, b);
}

} // namespace

Interval same_field(const Node &, bool, Interval output) {
    return output;
}

Interval window_field(const Node &node, bool, Interval output) {
    const auto stride = node.integer("stride"), padding = node.integer("padding");
    const auto dilation = node.op == Op::conv2d ? node.integer("dilation") : 1;
    return {output.low * stride - padding,
            output.high * stride - padding + dilation * (node.integer("kernel") - 1), output.unbounded};
}

Interval conv_transpose2d_field(const Node &node, bool, Interval output) {
    const auto stride = node.integer("stride"), padding = node.integer("padding");
    return {ceil_div(output.low + padding - (node.integer("kernel") - 1), stride),
            floor_div(output.high + padding, stride), output.unbounded};
}

Interval whole_field(const Node &, bool, Interval output) {
    return {output.low, output.high, true};
}

Interval upsample_field(const Node &node, bool, Interval output) {
    const auto factor = node.integer("factor");
    return {floor_div(output.low, factor), floor_div(output.high, factor), output.unbounded};
}

Interval pad_field(const Node &node, bool vertical, Interval output) {
    const auto before = node.integer(vertical ? "top" : "left");
    return {output.low - before, output.high - before, output.unbounded};
}

Interval crop_field(const Node &node, bool vertical, Interval output) {
    const auto before = node.integer(vertical ? "top" : "left");
    return {output.low + before, output.high + before, output.unbounded};
}

Interval haar_analysis_field(const Node &, bool, Interval output) {
    return {output.low * 2, output.high * 2 + 1, output.unbounded};
}

Interval haar_synthesis_field(const Node &, bool, Interval output) {
    return {floor_div(output.low, 2), floor_div(output.high, 2), output.unbounded};
}

Scale scale_of(const Node &node) {
    switch (node.op) {
    case Op::conv2d:
    case Op::max_pool:
    case Op::avg_pool:
        return {node.integer("stride"), 1};
    case Op::conv_transpose2d:
        return {1, node.integer("stride")};
    case Op::upsample_nearest:
        return {1, node.integer("factor")};
    case Op::haar_analysis:
        return {2, 1};
    case Op::haar_synthesis:
        return {1, 2};
    default:
        return {1, 1};
    }
}

} // namespace mirra::graph
