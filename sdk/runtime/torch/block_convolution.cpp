// Space to depth.
#include "runtime/torch/block_convolution.hpp"

#include "runtime/torch/libtorch.hpp"

namespace mirra::runtime {
namespace {

std::int64_t blocks_of(std::int64_t kernel, std::int64_t stride) {
    return (kernel + stride - 1) / stride;
}

/// Pixels after the picture so that the blocks of the last output are whole; negative: pixels that no output
/// reads.
std::int64_t trailing(std::int64_t extent, const BlockConvolution &options) {
    const auto outputs = (extent + 2 * options.padding - options.kernel) / options.stride + 1;
    const auto read = (outputs - 1 + blocks_of(options.kernel, options.stride)) * options.stride;
    return read - extent - options.padding;
}

/// [N, C, H, W] -> [N, S S C, H / S, W / S], channels last, the channel running fastest.
at::Tensor to_blocks(const at::Tensor &x, std::int64_t stride) {
    const auto count = x.size(0), channels = x.size(1);
    const auto rows = x.size(2) / stride, columns = x.size(3) / stride;
    return x.permute({0, 2, 3, 1})
        .reshape({count, rows, stride, columns, stride, channels})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({count, rows, columns, stride * stride * channels})
        .permute({0, 3, 1, 2});
}

} // namespace

at::Tensor block_weight(const at::Tensor &weight, std::int64_t stride) {
    const auto rest = blocks_of(weight.size(2), stride) * stride - weight.size(2);
    return to_blocks(at::constant_pad_nd(weight, {0, rest, 0, rest}), stride);
}

at::Tensor from_blocks(const at::Tensor &blocks, std::int64_t stride) {
    const auto count = blocks.size(0), channels = blocks.size(1) / (stride * stride);
    const auto rows = blocks.size(2), columns = blocks.size(3);
    return blocks.permute({0, 2, 3, 1})
        .reshape({count, rows, columns, stride, stride, channels})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({count, rows * stride, columns * stride, channels})
        .permute({0, 3, 1, 2});
}

at::Tensor block_convolution(const at::Tensor &input, const at::Tensor &weight, const at::Tensor &bias,
                             const BlockConvolution &options) {
    const auto right = trailing(input.size(3), options), bottom = trailing(input.size(2), options);
    const auto padded = at::constant_pad_nd(input, {options.padding, right, options.padding, bottom});
    return at::conv2d(to_blocks(padded, options.stride), weight,
                      bias.defined() ? std::optional(bias) : std::nullopt);
}

} // namespace mirra::runtime
