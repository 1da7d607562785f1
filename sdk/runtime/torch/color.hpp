// Steps on pictures of few channels, for which LibTorch's kernels are slow. On the processor, fp32 unless
// said.
#pragma once

#include "runtime/torch/color_kernel.hpp"

#include <ATen/core/TensorBody.h>

namespace mirra::runtime {

/// x * scale + offset by channel, channels-last whatever x is.
/// @param scale, offset  of each channel, or one of all, in any shape
at::Tensor affine_channels(const at::Tensor &x, const at::Tensor &scale, const at::Tensor &offset);

/// 3x3, padded by a zero, of [N, 3, H, W], channels-last.
at::Tensor color_convolution(const at::Tensor &input, const ColorFilter &filter, bool relu);

/// The weight of the convolution in place of a transposed one (Kernel::phases); channel (2 dy + dx) * C + c
/// is color c of the pixels with the parity dy, dx. Padded by zeros, as oneDNN is many times slower for a
/// count of channels that is no multiple of a vector.
at::Tensor phase_weight(const at::Tensor &transposed);
at::Tensor phase_bias(const at::Tensor &bias);
/// [N, >= 4 C, H, W] -> [N, C, 2H, 2W], channels-last, in the type of the phases.
at::Tensor join_phases(const at::Tensor &phases, std::int64_t channels);
/// The way back: [N, C, 2H, 2W] -> [N, 16, H, W], channels-last, zeros in the channels beyond 4 C.
at::Tensor split_phases(const at::Tensor &picture);

} // namespace mirra::runtime
