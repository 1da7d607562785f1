// Graph -> torch::nn::Module.
#include "core/graph_module.hpp"

#include "mirra/error.hpp"
#include "runtime/torch/ops.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

namespace mirra::trainer {
namespace {

bool has_prefix(const std::string &name, const std::vector<std::string> &prefixes) {
    return std::ranges::any_of(prefixes, [&](const auto &prefix) { return name.starts_with(prefix); });
}

/// Module names must not hold dots.
std::string module_name(std::string name) {
    std::ranges::replace(name, '.', '/');
    return name;
}

/// @throws Error mismatch
void copy(std::span<const float> values, const std::string &name, torch::Tensor &tensor) {
    const torch::NoGradGuard no_grad;
    if (std::ssize(values) != tensor.numel())
        throw Error(ErrorCode::mismatch,
                    "weight has " + std::to_string(values.size()) + " values, " +
                        std::to_string(tensor.numel()) + " are needed",
                    name);
    tensor.copy_(torch::from_blob(const_cast<float *>(values.data()), tensor.sizes(), at::kFloat));
}

torch::Tensor initial(const graph::Node &node, const graph::WeightInfo &info) {
    const auto shape = info.shape(node);
    if (info.initial) return torch::full(shape, *info.initial);
    const auto weight_shape = graph::op_info(node.op).weights[0].shape(node);
    const auto fan_in =
        static_cast<double>(weight_shape[1]) *
        (weight_shape.size() == 4 ? static_cast<double>(weight_shape[2] * weight_shape[3]) : 1.0);
    const double bound = 1 / std::sqrt(fan_in);
    return torch::empty(shape).uniform_(-bound, bound);
}

} // namespace

GraphModule::GraphModule(graph::Graph graph, const Options &options)
    : graph_(std::move(graph))
    , dropout_(options.dropout)
    , dropout_probability_(options.dropout_probability) {
    for (const auto &node : graph_.nodes) create(node, options);
}

void GraphModule::create(const graph::Node &node, const Options &options) {
    const torch::NoGradGuard no_grad;
    for (const auto &info : graph::op_info(node.op).weights) {
        const std::string role(info.role);
        const auto found = node.weights.find(role);
        if (found == node.weights.end() || tensors_.contains(found->second)) continue;
        const std::string &name = found->second;
        auto tensor = initial(node, info);
        if (has_prefix(name, options.zero_init)) tensor.zero_();
        if (tensor.dim() == 4 && options.channels_last)
            tensor = tensor.contiguous(at::MemoryFormat::ChannelsLast);
        const bool buffer = role.starts_with("running_");
        tensors_[name] = buffer ? register_buffer(module_name(name), tensor)
                                : register_parameter(module_name(name), tensor);
        if (role == "weight" && tensor.dim() == 4 && has_prefix(name, options.spectral_norm))
            create_spectral(node, name, tensor);
    }
}

void GraphModule::create_spectral(const graph::Node &node, const std::string &name,
                                  const torch::Tensor &weight) {
    const auto found = spectral_.emplace(name, SpectralNorm(weight, node.op == graph::Op::conv_transpose2d));
    register_buffer(module_name(name) + "_u", found.first->second.u());
    register_buffer(module_name(name) + "_v", found.first->second.v());
}

torch::Tensor GraphModule::effective(const std::string &name) {
    const auto &weight = tensors_.at(name);
    const auto found = spectral_.find(name);
    if (found == spectral_.end()) return weight;
    if (is_training()) found->second.iterate(weight);
    return found->second.normalized(weight);
}

std::map<std::string, torch::Tensor>
GraphModule::forward(const std::map<std::string, torch::Tensor> &inputs) {
    std::map<std::string, torch::Tensor> values;
    for (const auto &input : graph_.inputs) values[input.name] = inputs.at(input.name);
    std::map<std::string, std::size_t> last_use;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
        for (const auto &input : graph_.nodes[i].inputs) last_use[input] = i;
    for (const auto &output : graph_.outputs) last_use[output.source] = graph_.nodes.size();
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        const auto &node = graph_.nodes[i];
        std::vector<at::Tensor> arguments;
        for (const auto &name : node.inputs) arguments.push_back(values.at(name));
        if (is_training() && std::ranges::find(dropout_, node.name) != dropout_.end())
            arguments.front() = at::dropout(arguments.front(), dropout_probability_, true);
        const auto weight = [&](const char *role) {
            const auto found = node.weights.find(role);
            return found == node.weights.end() ? torch::Tensor() : effective(found->second);
        };
        values[node.name] =
            runtime::apply_op(node, arguments, weight, {.training = is_training() && !statistics_frozen_});
        for (const auto &name : node.inputs)
            if (last_use[name] == i) values.erase(name);
    }
    std::map<std::string, torch::Tensor> outputs;
    for (const auto &output : graph_.outputs) outputs[output.name] = values.at(output.source);
    return outputs;
}

void GraphModule::load(const bundle::Bundle &bundle) {
    load_all(bundle, "");
}

void GraphModule::load(const bundle::Weights &weights) {
    for (auto &[name, tensor] : tensors_) {
        const auto found = weights.find(name);
        if (found == weights.end()) throw Error(ErrorCode::not_found, "there is no such weight", name);
        if (tensor.sizes() != at::IntArrayRef(found->second.shape))
            throw Error(ErrorCode::mismatch, "the weight has another shape", name);
        copy(found->second.values, name, tensor);
    }
}

void GraphModule::load_all(const bundle::Bundle &bundle, const std::string &prefix) {
    for (auto &[name, tensor] : tensors_)
        if (name.starts_with(prefix)) copy(bundle.weight(name), name, tensor);
}

void GraphModule::load_except(const bundle::Bundle &bundle, const std::vector<std::string> &names) {
    for (auto &[name, tensor] : tensors_)
        if (std::ranges::find(names, name) == names.end()) copy(bundle.weight(name), name, tensor);
}

void GraphModule::freeze(const std::vector<std::string> &prefixes) {
    for (auto &[name, tensor] : tensors_)
        if (has_prefix(name, prefixes)) tensor.set_requires_grad(false);
}

std::map<std::string, torch::Tensor> GraphModule::effective_weights() const {
    const torch::NoGradGuard no_grad;
    std::map<std::string, torch::Tensor> out;
    for (const auto &[name, tensor] : tensors_) {
        const auto found = spectral_.find(name);
        out[name] = found == spectral_.end() ? tensor.detach() : found->second.normalized(tensor);
    }
    return out;
}

bundle::Weights GraphModule::weights() const {
    bundle::Weights out;
    for (const auto &[name, tensor] : effective_weights()) {
        const auto value = tensor.to(at::kCPU, at::kFloat).contiguous();
        auto &weight = out[name];
        weight.shape.assign(value.sizes().begin(), value.sizes().end());
        const auto *data = value.const_data_ptr<float>();
        weight.values.assign(data, data + value.numel());
    }
    return out;
}

std::map<std::string, torch::Tensor> GraphModule::state() const {
    auto out = tensors_;
    for (const auto &[name, spectral] : spectral_) {
        out[name + "_u"] = spectral.u();
        out[name + "_v"] = spectral.v();
    }
    return out;
}

std::vector<torch::Tensor> GraphModule::trainable() const {
    std::vector<torch::Tensor> out;
    for (const auto &[name, tensor] : tensors_)
        if (tensor.requires_grad()) out.push_back(tensor);
    return out;
}

} // namespace mirra::trainer
