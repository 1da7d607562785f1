// A strided convolution as one of stride 1 over blocks of pixels.
#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>

namespace mirra::runtime {

struct BlockConvolution {
    std::int64_t kernel = 0, stride = 0, padding = 0;
};

/// The weight [O, C, K, K] for block_convolution(): [O, C S S, ceil(K / S), ceil(K / S)], zeros where the
/// kernel ends.
at::Tensor block_weight(const at::Tensor &weight, std::int64_t stride);
/// [N, S S C, h, w] -> [N, C, S h, S w], channels last: the pixels of the blocks.
at::Tensor from_blocks(const at::Tensor &blocks, std::int64_t stride);

/// conv2d(input, weight, bias, stride, padding), exact but for the order of sums: S x S pixels become one of
/// C S S channels, which the kernels of processors take better than three. Differentiable.
/// @param input  [N, C, H, W]; @param weight  from block_weight(); @param bias  [O] or undefined
/// @returns channels last
at::Tensor block_convolution(const at::Tensor &input, const at::Tensor &weight, const at::Tensor &bias,
                             const BlockConvolution &options);

} // namespace mirra::runtime
