// A strided convolution as one of stride 1 over blocks of pixels.
#pragma once

#include <torch/torch.h>

namespace mirra::trainer {

struct BlockConvolution {
    std::int64_t kernel = 0, stride = 0, padding = 0;
};

/// The weight [O, C, K, K] for block_convolution(): [O, C S S, ceil(K / S), ceil(K / S)], zeros where the
/// kernel ends.
torch::Tensor block_weight(const torch::Tensor &weight, std::int64_t stride);

/// conv2d(input, weight, bias, stride, padding), exact but for the order of sums: S x S pixels become one of
/// C S S channels, which the kernels of processors take better than three. Differentiable.
/// @param input  [N, C, H, W]; @param weight  from block_weight(); @param bias  [O] or undefined
/// @returns channels last
torch::Tensor block_convolution(const torch::Tensor &input, const torch::Tensor &weight,
                                const torch::Tensor &bias, const BlockConvolution &options);

} // namespace mirra::trainer
