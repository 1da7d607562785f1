// The steps forward, and what each leaves for the way back.
#include "runtime/torch/tape.hpp"

#include "runtime/torch/color.hpp"
#include "runtime/torch/convolve.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/ops.hpp"

#include <algorithm>

namespace mirra::runtime {
namespace {

void accumulate(std::map<std::string, at::Tensor> &gradients, const std::string &value,
                const at::Tensor &gradient) {
    auto &sum = gradients[value];
    sum = sum.defined() ? sum + gradient : gradient;
}

} // namespace

Tape::Tape(std::map<std::string, at::Tensor> values, std::string input)
    : values_(std::move(values))
    , input_(std::move(input)) {
    following_[input_] = true;
}

void Tape::remember(const std::string &result, std::function<void(Gradients &, const at::Tensor &)> back) {
    following_[result] = true;
    steps_.emplace_back(result, std::move(back));
}

void Tape::run(const DifferentiableStep &step) {
    const auto &forward = step.forward;
    auto result = step.back                  ? convolve(step)
                  : forward.scale.defined()  ? normalise(forward)
                  : forward.step.image_range ? image_range(forward)
                                             : apply(forward);
    for (const auto &name : forward.step.released) values_.erase(name);
    values_[forward.step.result] = std::move(result);
}

at::Tensor Tape::convolve(const DifferentiableStep &step) {
    const auto &forward = step.forward;
    const auto &[node, addend, relu] = std::tie(forward.node, forward.step.addend, forward.step.relu);
    const auto x = values_.at(node.inputs[0]).contiguous(at::MemoryFormat::ChannelsLast);
    auto y = runtime::convolve(forward, x, relu && !addend);
    if (addend) {
        y = y + values_.at(*addend);
        if (relu) y.relu_();
    }
    const bool to_input = follows(node.inputs[0]), to_addend = addend && follows(*addend);
    if (!to_input && !to_addend) return y;
    remember(forward.step.result,
             [&forward, back = step.back, to_input, to_addend, size = x.sizes().vec(),
              y = forward.step.relu ? y : at::Tensor()](Gradients &gradients, const at::Tensor &given) {
                 const auto gradient = y.defined() ? at::threshold_backward(given, y, 0) : given;
                 if (to_input) accumulate(gradients, forward.node.inputs[0], back->apply(gradient, size));
                 if (to_addend) accumulate(gradients, *forward.step.addend, gradient);
             });
    return y;
}

at::Tensor Tape::normalise(const CompiledStep &step) {
    const auto &name = step.step.inputs[0];
    const auto &x = values_.at(name);
    const auto scaled = [scale = step.scale](const at::Tensor &values, const at::Tensor &offset) {
        return values.is_cpu() ? affine_channels(values, scale, offset) : values * scale + offset;
    };
    if (follows(name))
        remember(step.step.result, [scaled, name, zero = at::zeros_like(step.offset)](
                                       Gradients &gradients, const at::Tensor &given) {
            accumulate(gradients, name, scaled(given, zero));
        });
    return scaled(x, step.offset);
}

at::Tensor Tape::image_range(const CompiledStep &step) {
    const auto &name = step.step.inputs[0];
    auto y = values_.at(name).sigmoid();
    if (follows(name))
        remember(step.step.result, [name, y](Gradients &gradients, const at::Tensor &given) {
            accumulate(gradients, name, at::sigmoid_backward(given, y));
        });
    return y;
}

/// Any other op, by LibTorch's autograd for this step alone.
at::Tensor Tape::apply(const CompiledStep &step) {
    const auto &names = step.step.inputs;
    const bool wanted = std::ranges::any_of(names, [&](const auto &name) { return follows(name); });
    const at::AutoGradMode recording(wanted);
    std::vector<at::Tensor> inputs;
    for (const auto &name : names) {
        auto input = values_.at(name).detach();
        inputs.push_back(follows(name) ? input.requires_grad_() : input);
    }
    const auto y = apply_op(step.node, inputs, [&](const char *role) {
        const auto found = step.others.find(role);
        return found == step.others.end() ? at::Tensor() : found->second;
    });
    if (!wanted || !y.requires_grad()) return y.detach();
    remember(step.step.result, [names, inputs, y](Gradients &gradients, const at::Tensor &given) {
        std::vector<at::Tensor> variables;
        std::vector<std::string> of;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            if (!inputs[i].requires_grad()) continue;
            variables.push_back(inputs[i]);
            of.push_back(names[i]);
        }
        const auto found = torch::autograd::grad({y}, variables, {given});
        for (std::size_t i = 0; i < of.size(); ++i) accumulate(gradients, of[i], found[i].detach());
    });
    return y.detach();
}

at::Tensor Tape::back(const std::string &output, const at::Tensor &gradient) {
    Gradients gradients{{output, gradient}};
    while (!steps_.empty()) {
        const auto [result, back] = std::move(steps_.back());
        steps_.pop_back();
        const auto found = gradients.find(result);
        if (found == gradients.end()) continue;
        const auto given = found->second;
        gradients.erase(found);
        back(gradients, given);
    }
    const auto found = gradients.find(input_);
    return found == gradients.end() ? at::Tensor() : found->second;
}

} // namespace mirra::runtime
