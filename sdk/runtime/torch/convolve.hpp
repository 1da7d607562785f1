// A compiled convolution by whichever kernel it was compiled for.
#pragma once

#include "runtime/torch/compile.hpp"

namespace mirra::runtime {

/// The step's convolution without what is added to it.
/// @param x     channels-last, in the type that the step was compiled for
/// @param relu  whether the result goes through a ReLU
at::Tensor convolve(const CompiledStep &step, const at::Tensor &x, bool relu);

} // namespace mirra::runtime
