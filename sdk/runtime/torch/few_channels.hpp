// Convolutions and other steps on pictures of few channels, for which LibTorch's kernels are slow: a filter
// from three channels to three, doubling in four phases, strides as blocks of pixels, a factor and an offset
// a channel.
#pragma once

#include "runtime/rows/three_channels.hpp"

#include <ATen/core/TensorBody.h>

#include <cstdint>

namespace mirra::runtime {

/// x * scale + offset by channel, channels-last whatever x is.
/// @param scale, offset  of each channel, or one of all, in any shape
at::Tensor affine_channels(const at::Tensor &x, const at::Tensor &scale, const at::Tensor &offset);

/// 3x3, padded by a zero, of [N, 3, H, W], channels-last.
at::Tensor three_channel_convolution(const at::Tensor &input, const ThreeChannelFilter &filter, bool relu);

/// The weight of the convolution in place of a transposed one (Kernel::phases); channel (2 dy + dx) * C + c
/// is color c of the pixels with the parity dy, dx. Padded by zeros, as oneDNN is many times slower for a
/// count of channels that is no multiple of a vector.
at::Tensor phase_weight(const at::Tensor &transposed);
at::Tensor phase_bias(const at::Tensor &bias);
/// [N, >= 4 C, H, W] -> [N, C, 2H, 2W], channels-last, in the type of the phases.
at::Tensor join_phases(const at::Tensor &phases, std::int64_t channels);
/// The way back: [N, C, 2H, 2W] -> [N, 16, H, W], channels-last, zeros in the channels beyond 4 C.
at::Tensor split_phases(const at::Tensor &picture);

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
