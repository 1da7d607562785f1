// Output and weight shapes of every op.
#include "op_functions.hpp"

#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::graph {
namespace {

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

} // namespace

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

Shape per_channel_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    require_channels(node, x, node.integer("channels"));
    return x;
}

Shape linear_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = inputs[0];
    if (x.size() != 2 || x[1] != node.integer("in_channels"))
        mismatch(node, "needs [N, " + std::to_string(node.integer("in_channels")) + "], got " + text(x));
    return {x[0], node.integer("out_channels")};
}

Shape same_shape(const Node &, std::span<const Shape> inputs) {
    return inputs[0];
}

Shape pool_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    const auto extent = [&](std::int64_t size) {
        const auto room = size + 2 * node.integer("padding") - node.integer("kernel");
        return positive(node, room < 0 ? 0 : room / node.integer("stride") + 1, x);
    };
    return {x[0], x[1], extent(x[2]), extent(x[3])};
}

Shape global_pool_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1], 1, 1};
}

Shape adaptive_pool_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1], node.integer("extent"), node.integer("extent")};
}

Shape flatten_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1] * x[2] * x[3]};
}

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

Shape add_shape(const Node &node, std::span<const Shape> inputs) {
    if (inputs[0] != inputs[1])
        mismatch(node, "inputs differ: " + text(inputs[0]) + " and " + text(inputs[1]));
    return inputs[0];
}

Shape channel_slice_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    const auto begin = node.integer("begin"), end = node.integer("end");
    if (begin >= end || end > x[1])
        mismatch(node, "channels " + std::to_string(begin) + " to " + std::to_string(end) + " of " + text(x));
    return {x[0], end - begin, x[2], x[3]};
}

Shape upsample_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1], x[2] * node.integer("factor"), x[3] * node.integer("factor")};
}

Shape reflection_pad_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    if (std::max(node.integer("top"), node.integer("bottom")) >= x[2] ||
        std::max(node.integer("left"), node.integer("right")) >= x[3])
        mismatch(node, "reflects more than there is of " + text(x));
    return {x[0], x[1], x[2] + node.integer("top") + node.integer("bottom"),
            x[3] + node.integer("left") + node.integer("right")};
}

Shape crop_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1], positive(node, x[2] - node.integer("top") - node.integer("bottom"), x),
            positive(node, x[3] - node.integer("left") - node.integer("right"), x)};
}

Shape normalise_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    const auto values = static_cast<std::int64_t>(node.reals("mean").size());
    if (values != 1 && values != x[1])
        mismatch(node, "has " + std::to_string(values) + " means for " + text(x));
    return x;
}

Shape haar_analysis_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    return {x[0], x[1] * 4, positive(node, x[2] / 2, x), positive(node, x[3] / 2, x)};
}

Shape haar_synthesis_shape(const Node &node, std::span<const Shape> inputs) {
    const Shape &x = image(node, inputs);
    if (x[1] % 4 != 0) mismatch(node, "needs a multiple of 4 channels, got " + text(x));
    return {x[0], x[1] / 4, x[2] * 2, x[3] * 2};
}

Shape conv2d_weight(const Node &node) {
    return {node.integer("out_channels"), node.integer("in_channels") / node.integer("groups"),
            node.integer("kernel"), node.integer("kernel")};
}
Shape conv_transpose2d_weight(const Node &node) {
    return {node.integer("in_channels"), node.integer("out_channels"), node.integer("kernel"),
            node.integer("kernel")};
}
Shape linear_weight(const Node &node) {
    return {node.integer("out_channels"), node.integer("in_channels")};
}
Shape out_channels_vector(const Node &node) {
    return {node.integer("out_channels")};
}
Shape channels_vector(const Node &node) {
    return {node.integer("channels")};
}

} // namespace mirra::graph
