// The one interpreter of compiled steps: a run has no tape, a gradient has one.
#include "runtime/torch/interpreter.hpp"

#include "runtime/torch/adjoint.hpp"
#include "runtime/torch/convolution.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/ops.hpp"

#include <algorithm>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

void accumulate(Tape::Gradients &gradients, const std::string &value, const at::Tensor &gradient) {
    auto &sum = gradients[value];
    sum = sum.defined() ? sum + gradient : gradient;
}

/// Weights of a step's op, in the precision of what it reads.
RoleSource weights_of(const CompiledStep &step, at::ScalarType type) {
    return [&step, type](const char *role) {
        const auto found = step.others.find(role);
        return found == step.others.end() ? at::Tensor() : found->second.to(type);
    };
}

/// Of a convolution's result, before what is added to it.
g::Shape convolved_shape(const g::Node &node, const at::Tensor &x) {
    const g::Shape input = x.sizes().vec();
    return g::op_info(node.op).shape(node, {&input, 1});
}

at::Tensor scaled(const at::Tensor &x, const at::Tensor &scale, const at::Tensor &offset) {
    return x.is_cpu() && x.scalar_type() == at::kFloat ? affine_channels(x, scale, offset)
                                                       : x * scale + offset;
}

/// By LibTorch's autograd, for one step alone.
Tape::WayBack through_autograd(std::vector<std::string> names, std::vector<at::Tensor> inputs,
                               const at::Tensor &result) {
    return [names = std::move(names), inputs = std::move(inputs), result](Tape::Gradients &gradients,
                                                                          const at::Tensor &given) {
        std::vector<at::Tensor> variables;
        std::vector<std::string> of;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            if (!inputs[i].requires_grad()) continue;
            variables.push_back(inputs[i]);
            of.push_back(names[i]);
        }
        const auto found = torch::autograd::grad({result}, variables, {given});
        for (std::size_t i = 0; i < of.size(); ++i) accumulate(gradients, of[i], found[i].detach());
    };
}

} // namespace

Tape::Tape(std::string input) : input_(std::move(input)) {
    following_.insert(input_);
}

void Tape::remember(const std::string &result, WayBack back) {
    following_.insert(result);
    ways_.emplace_back(result, std::move(back));
}

at::Tensor Tape::back(const std::string &output, const at::Tensor &gradient,
                      const std::function<void()> &before) {
    Gradients gradients{{output, gradient}};
    while (!ways_.empty()) {
        const auto [result, back] = std::move(ways_.back());
        ways_.pop_back();
        const auto found = gradients.find(result);
        if (found == gradients.end()) continue;
        const auto given = found->second;
        gradients.erase(found);
        before();
        back(gradients, given);
    }
    const auto found = gradients.find(input_);
    return found == gradients.end() ? at::Tensor() : found->second;
}

Pass::Pass(std::map<std::string, at::Tensor> values, at::ScalarType type, Tape *tape)
    : values_(std::move(values))
    , type_(type)
    , tape_(tape) {
    for (const auto &[name, value] : values_) given_.insert(name);
}

void Pass::run(const CompiledStep &step) {
    auto result = [&] {
        switch (step.kind) {
        case CompiledStep::Kind::convolution:
            return convolve(step);
        case CompiledStep::Kind::normalise:
            return normalise(step);
        case CompiledStep::Kind::image_range:
            return image_range(step);
        case CompiledStep::Kind::other:
            break;
        }
        return apply(step);
    }();
    for (const auto &name : step.step.released) values_.erase(name);
    values_[step.step.result] = std::move(result);
}

/// Whether this step may write over the value: it reads it last, and nothing else shares its memory (as the
/// caller's inputs, slices of other values, and what a tape keeps do).
bool Pass::owned(const Step &step, const std::string &name) const {
    const auto &value = values_.at(name);
    return tape_ == nullptr && std::ranges::find(step.released, name) != step.released.end() &&
           !given_.contains(name) && value.use_count() == 1 && value.storage().use_count() == 1;
}

bool Pass::recorded(const std::vector<std::string> &inputs) const {
    return tape_ != nullptr &&
           std::ranges::any_of(inputs, [&](const auto &name) { return tape_->follows(name); });
}

at::Tensor Pass::convolve(const CompiledStep &step) {
    const auto &source = step.node.inputs[0];
    const auto &addend = step.step.addend;
    const auto x = values_.at(source).to(type_).contiguous(at::MemoryFormat::ChannelsLast);
    auto y = addend ? convolve_and_add(step, x) : runtime::convolve(step, x, step.step.relu);
    if (!recorded(step.step.inputs)) return y;
    const bool to_source = tape_->follows(source), to_addend = addend && tape_->follows(*addend);
    tape_->remember(step.step.result, [&step, to_source, to_addend, size = x.sizes().vec(),
                                       own = addend ? convolved_shape(step.node, x) : y.sizes().vec(),
                                       added = addend ? values_.at(*addend).sizes().vec() : g::Shape{},
                                       positive = step.step.relu ? y : at::Tensor()](
                                          Tape::Gradients &gradients, const at::Tensor &given) {
        const auto gradient = positive.defined() ? at::threshold_backward(given, positive, 0) : given;
        if (to_source)
            accumulate(gradients, step.node.inputs[0], step.adjoint->apply(gradient.sum_to_size(own), size));
        if (to_addend) accumulate(gradients, *step.step.addend, gradient.sum_to_size(added));
    });
    return y;
}

at::Tensor Pass::convolve_and_add(const CompiledStep &step, const at::Tensor &x) {
    const auto &name = *step.step.addend;
    const bool relu = step.step.relu;
    if (!step.packed || tape_ != nullptr || values_.at(name).sizes() != convolved_shape(step.node, x)) {
        auto y = runtime::convolve(step, x, false) + values_.at(name);
        return relu ? y.relu_() : y;
    }
    const bool reusable = name != step.node.inputs[0] && owned(step.step, name);
    auto addend = values_.at(name);
    if (addend.scalar_type() == type_ && addend.is_contiguous(at::MemoryFormat::ChannelsLast)) {
        if (!reusable) addend = addend.clone();
        if (const auto *winograd = step.packed->winograd_for(x.sizes())) {
            winograd_convolution(*winograd, x, addend, true, relu);
            return addend;
        }
        const auto weight = step.packed->fitting(x.sizes());
        return fused_convolution_add(step.node, addend, x, weight, step.bias, relu);
    }
    auto sum = fused_convolution(step.node, x, step.packed->fitting(x.sizes()), step.bias)
                   .to(addend.scalar_type())
                   .add_(addend);
    return relu ? sum.relu_() : sum;
}

at::Tensor Pass::normalise(const CompiledStep &step) {
    const auto &name = step.step.inputs[0];
    if (recorded(step.step.inputs))
        tape_->remember(step.step.result, [name, scale = step.scale, zero = at::zeros_like(step.offset)](
                                              Tape::Gradients &gradients, const at::Tensor &given) {
            accumulate(gradients, name, scaled(given, scale, zero));
        });
    return scaled(values_.at(name), step.scale, step.offset);
}

at::Tensor Pass::image_range(const CompiledStep &step) {
    const auto &name = step.step.inputs[0];
    const bool free = values_.at(name).scalar_type() != at::kFloat || owned(step.step, name);
    const auto x = values_.at(name).to(at::kFloat);
    auto y = free ? x.sigmoid_() : x.sigmoid();
    if (recorded(step.step.inputs))
        tape_->remember(step.step.result, [name, y](Tape::Gradients &gradients, const at::Tensor &given) {
            accumulate(gradients, name, at::sigmoid_backward(given, y));
        });
    return y;
}

at::Tensor Pass::apply(const CompiledStep &step) {
    const auto &names = step.node.inputs;
    if (recorded(names)) return apply_recorded(step);
    OpMode mode;
    if (g::op_info(step.node.op).execution.value.storage == g::Storage::over_input)
        for (std::size_t i = 0; i < names.size() && !mode.over; ++i)
            if (owned(step.step, names[i])) mode.over = i;
    std::vector<at::Tensor> arguments;
    for (const auto &name : names) arguments.push_back(values_.at(name));
    return apply_op(step.node, arguments, weights_of(step, arguments[0].scalar_type()), mode);
}

at::Tensor Pass::apply_recorded(const CompiledStep &step) {
    const at::AutoGradMode recording(true);
    std::vector<at::Tensor> inputs;
    for (const auto &name : step.node.inputs) {
        auto input = values_.at(name).detach();
        inputs.push_back(tape_->follows(name) ? input.requires_grad_() : input);
    }
    const auto y = apply_op(step.node, inputs, weights_of(step, at::kFloat));
    if (y.requires_grad())
        tape_->remember(step.step.result, through_autograd(step.node.inputs, std::move(inputs), y));
    return y.detach();
}

} // namespace mirra::runtime
