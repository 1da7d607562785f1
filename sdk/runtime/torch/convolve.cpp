// The kernels: for few channels, oneDNN's, another library's.
#include "runtime/torch/convolve.hpp"

#include "runtime/torch/color.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/onednn.hpp"
#include "runtime/torch/ops.hpp"
#include "runtime/torch/packed_weight.hpp"

namespace mirra::runtime {

at::Tensor convolve(const CompiledStep &step, const at::Tensor &x, bool relu) {
    if (step.color) return color_convolution(x, *step.color, relu);
    if (step.packed) {
        const auto y = fused_convolution(step.node, x, step.packed->fitting(x.sizes()), step.bias, relu);
        return step.phases_of > 0 ? join_phases(y, step.phases_of) : y;
    }
    auto y = apply_op(step.node, {&x, 1}, [&](const char *role) {
        return std::string_view(role) == "weight" ? step.weight : step.bias;
    });
    return relu ? y.relu_() : y;
}

} // namespace mirra::runtime
