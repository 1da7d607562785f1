// oneDNN's convolutions are the mkldnn:: operators of LibTorch's dispatcher.
#include "runtime/torch/convolution.hpp"

#include "runtime/plan/program.hpp"
#include "runtime/torch/arena.hpp"
#include "runtime/torch/compile.hpp"
#include "runtime/torch/few_channels.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/ops.hpp"
#include "runtime/torch/parallel.hpp"

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>

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
c10::IValue scalars(const std::vector<double> &values = {}) {
    c10::impl::GenericList list(c10::OptionalType::create(c10::NumberType::get()));
    for (const double value : values) list.push_back(value);
    return list;
}

/// See follows_convolution() in sdk/runtime/plan/program.cpp.
Following following(const g::Node &curve) {
    if (curve.op == g::Op::silu) return {"swish"};
    if (curve.op == g::Op::leaky_relu) return {"leaky_relu", {curve.real("slope")}};
    return {"gelu", {}, curve.integer("approximate") == 1 ? "tanh" : "none"};
}

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

} // namespace

PackedWeight::PackedWeight(graph::Node node, at::Tensor weight)
    : node_(std::move(node))
    , weight_(std::move(weight)) {}

PackedWeight::PackedWeight(graph::Node node, at::Tensor weight, at::Tensor bias)
    : node_(std::move(node))
    , weight_(std::move(weight))
    , bias_(std::move(bias))
    , by_winograd_(true) {}

const WinogradFilter *PackedWeight::winograd_for(at::IntArrayRef input_size) {
    if (!by_winograd_ || !WinogradFilter::pays(input_size[2], input_size[3])) return nullptr;
    const std::lock_guard lock(mutex_);
    if (!winograd_) {
        const auto heap = enter_heap(); // it outlives the run, so it is none of its arena's
        const auto weight = weight_.contiguous();
        const auto values = [](const at::Tensor &tensor) {
            return std::span(tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel()));
        };
        winograd_.emplace(values(weight), bias_.defined() ? values(bias_) : std::span<const float>(),
                          node_.integer("in_channels"), node_.integer("out_channels"));
    }
    return &*winograd_;
}

at::Tensor PackedWeight::fitting(at::IntArrayRef input_size) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(
        packed_, [&](const Packed &packed) { return input_size == at::IntArrayRef(packed.input_size); });
    if (found != packed_.end()) {
        packed_.splice(packed_.begin(), packed_, found);
    } else {
        if (packed_.size() >= std::min(steps_, std::size_t{kPackedSizes})) packed_.pop_back();
        const auto heap = enter_heap(); // it outlives the run, so it is none of its arena's
        packed_.push_front({input_size.vec(), pack_weight(node_, weight_, input_size)});
    }
    return packed_.front().weight;
}

at::Tensor fused_convolution(const g::Node &node, const at::Tensor &x, const at::Tensor &weight,
                             const at::Tensor &bias, const Following &after) {
    const auto form = after.form == nullptr ? c10::IValue() : c10::IValue(std::string(after.form));
    if (node.op == g::Op::conv_transpose2d) {
        static const auto handle = operation("mkldnn::_convolution_transpose_pointwise", "");
        return call(handle, {x, weight, optional(bias), both(node.integer("padding")),
                             both(node.integer("output_padding")), both(node.integer("stride")), both(1),
                             std::int64_t{1}, after.name, scalars(after.scalars), form});
    }
    static const auto handle = operation("mkldnn::_convolution_pointwise", "");
    return call(handle, {x, weight, optional(bias), both(node.integer("padding")),
                         both(node.integer("stride")), both(node.integer("dilation")), node.integer("groups"),
                         after.name, scalars(after.scalars), form});
}

at::Tensor fused_convolution_add(const g::Node &node, at::Tensor addend, const at::Tensor &x,
                                 const at::Tensor &weight, const at::Tensor &bias, bool relu) {
    static const auto handle = operation("mkldnn::_convolution_pointwise_", "binary");
    return call(handle,
                {addend, x, weight, optional(bias), both(node.integer("padding")),
                 both(node.integer("stride")), both(node.integer("dilation")), node.integer("groups"), "add",
                 c10::IValue(), relu ? c10::IValue("relu") : c10::IValue(), scalars(), c10::IValue()});
}

void winograd_convolution(const WinogradFilter &filter, const at::Tensor &x, const at::Tensor &result,
                          bool add, bool relu) {
    const auto parts = x.size(0) * WinogradFilter::parts(x.size(2), x.size(3));
    const auto each = WinogradFilter::scratch(x.size(1), result.size(1));
    const auto scratch = at::empty({at::get_num_threads(), each}, x.options());
    float *const out = result.mutable_data_ptr<float>(), *const memory = scratch.mutable_data_ptr<float>();
    const WinogradPictures pictures{
        x.const_data_ptr<float>(), out, add ? out : nullptr, x.size(2), x.size(3), relu};
    parallel_ranges(parts, 1, [&](std::int64_t begin, std::int64_t end) {
        for (auto part = begin; part < end; ++part)
            filter.run(pictures, part, memory + at::get_thread_num() * each);
    });
}

at::Tensor convolve(const CompiledStep &step, const at::Tensor &x, bool relu) {
    if (step.filter) return three_channel_convolution(x, *step.filter, relu);
    if (step.packed) {
        const auto *winograd = step.curve ? nullptr : step.packed->winograd_for(x.sizes());
        if (winograd != nullptr) {
            auto y = at::empty({x.size(0), step.node.integer("out_channels"), x.size(2), x.size(3)},
                               x.options().memory_format(at::MemoryFormat::ChannelsLast));
            winograd_convolution(*winograd, x, y, false, relu);
            return y;
        }
        const auto after = step.curve ? following(*step.curve) : Following{relu ? "relu" : "none"};
        const auto y = fused_convolution(step.node, x, step.packed->fitting(x.sizes()), step.bias, after);
        return step.phases_of > 0 ? join_phases(y, step.phases_of) : y;
    }
    auto y = apply_op(step.node, {&x, 1}, [&](const char *role) {
        return std::string_view(role) == "weight" ? step.weight : step.bias;
    });
    if (step.curve) return apply_op(*step.curve, {&y, 1}, {}, {.over = 0});
    return relu ? y.relu_() : y;
}

} // namespace mirra::runtime
