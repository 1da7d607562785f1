// Calls of the mkldnn:: operators.
#include "runtime/torch/onednn.hpp"

#include "runtime/torch/libtorch.hpp"

#include <ATen/core/dispatch/Dispatcher.h>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

using Stack = std::vector<c10::IValue>;

c10::OperatorHandle operation(const char *name, const char *overload) {
    return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
}

at::Tensor call(const c10::OperatorHandle &handle, Stack stack) {
    handle.callBoxed(stack);
    return std::move(stack.front()).toTensor();
}

c10::IValue both(std::int64_t value) {
    return std::vector<std::int64_t>{value, value};
}
c10::IValue optional(const at::Tensor &tensor) {
    return tensor.defined() ? c10::IValue(tensor) : c10::IValue();
}
c10::IValue no_scalars() {
    return c10::impl::GenericList(c10::OptionalType::create(c10::NumberType::get()));
}

} // namespace

at::Tensor pack_weight(const g::Node &node, const at::Tensor &weight, at::IntArrayRef input_size) {
    if (node.op == g::Op::conv_transpose2d) {
        static const auto handle = operation("mkldnn::_reorder_convolution_transpose_weight", "");
        return call(handle, {weight, both(node.integer("padding")), both(node.integer("output_padding")),
                             both(node.integer("stride")), both(1), std::int64_t{1}, input_size.vec()});
    }
    static const auto handle = operation("mkldnn::_reorder_convolution_weight", "");
    return call(handle, {weight, both(node.integer("padding")), both(node.integer("stride")),
                         both(node.integer("dilation")), node.integer("groups"), input_size.vec()});
}

at::Tensor fused_convolution(const g::Node &node, const at::Tensor &x, const at::Tensor &weight,
                             const at::Tensor &bias, bool relu) {
    const char *after = relu ? "relu" : "none";
    if (node.op == g::Op::conv_transpose2d) {
        static const auto handle = operation("mkldnn::_convolution_transpose_pointwise", "");
        return call(handle, {x, weight, optional(bias), both(node.integer("padding")),
                             both(node.integer("output_padding")), both(node.integer("stride")), both(1),
                             std::int64_t{1}, after, no_scalars(), c10::IValue()});
    }
    static const auto handle = operation("mkldnn::_convolution_pointwise", "");
    return call(handle,
                {x, weight, optional(bias), both(node.integer("padding")), both(node.integer("stride")),
                 both(node.integer("dilation")), node.integer("groups"), after, no_scalars(), c10::IValue()});
}

at::Tensor fused_convolution_add(const g::Node &node, at::Tensor addend, const at::Tensor &x,
                                 const at::Tensor &weight, const at::Tensor &bias, bool relu) {
    static const auto handle = operation("mkldnn::_convolution_pointwise_", "binary");
    return call(handle,
                {addend, x, weight, optional(bias), both(node.integer("padding")),
                 both(node.integer("stride")), both(node.integer("dilation")), node.integer("groups"), "add",
                 c10::IValue(), relu ? c10::IValue("relu") : c10::IValue(), no_scalars(), c10::IValue()});
}

} // namespace mirra::runtime
