// Haar analysis and synthesis of tensors, for inference and for autograd.
#pragma once

#include <ATen/core/TensorBody.h>

namespace mirra::runtime {

/// [N, C, H, W] -> [N, 4C, H/2, W/2], channels LL, LH, HL, HH; an odd last row or column is dropped.
/// On the CPU, fp32 and bf16 run in channels-last by our own kernel; anything else by LibTorch's ops.
at::Tensor haar_analysis(const at::Tensor &x);
/// [N, 4C, H, W] -> [N, C, 2H, 2W]; the exact inverse on even extents.
at::Tensor haar_synthesis(const at::Tensor &x);

/// The same with gradients: the transform is orthonormal, so each is the other's adjoint.
at::Tensor haar_analysis_autograd(const at::Tensor &x);
at::Tensor haar_synthesis_autograd(const at::Tensor &x);

} // namespace mirra::runtime
