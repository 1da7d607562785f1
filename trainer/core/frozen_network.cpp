// Folding, and the passes.
#include "core/frozen_network.hpp"

#include "runtime/torch/few_channels.hpp"
#include "runtime/torch/ops.hpp"

namespace mirra::trainer {
namespace {

using graph::Op;

/// Whether a ReLU may overwrite the result of this op.
bool may_be_overwritten(Op op) {
    const auto &execution = graph::op_info(op).execution.value;
    return !execution.gradient_reads_result && execution.storage != graph::Storage::view &&
           execution.storage != graph::Storage::view_or_copy;
}

/// Kernels are slow for the three channels of a picture, most of all back to it.
bool pays_in_blocks(const graph::Node &node) {
    constexpr std::int64_t kFewChannels = 4;
    return node.op == Op::conv2d && node.integer("stride") > 1 &&
           node.integer("in_channels") <= kFewChannels && node.integer("groups") == 1 &&
           node.integer("dilation") == 1;
}

} // namespace

FrozenNetwork::FrozenNetwork(std::shared_ptr<GraphModule> module, at::ScalarType precision)
    : module_(std::move(module))
    , precision_(precision) {
    plan();
}

void FrozenNetwork::plan() {
    const auto &graph = module_->graph();
    std::map<std::string, const graph::Node *> by_name;
    std::map<std::string, int> uses;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        by_name[graph.nodes[i].name] = &graph.nodes[i];
        for (const auto &input : graph.nodes[i].inputs) {
            ++uses[input];
            last_use_[input] = i;
        }
    }
    for (const auto &output : graph.outputs) {
        ++uses[output.source];
        last_use_[output.source] = graph.nodes.size();
    }
    for (const auto &node : graph.nodes) {
        if (pays_in_blocks(node)) in_blocks_.insert(node.name);
        const auto source = by_name.find(node.inputs.front());
        if (source == by_name.end() || uses[source->first] != 1) continue;
        if (node.op == Op::batch_norm && source->second->op == Op::conv2d) {
            norm_of_[source->first] = &node;
            absorbed_.insert(node.name);
        }
        if (node.op == Op::relu && may_be_overwritten(source->second->op)) in_place_.insert(node.name);
    }
}

/// y = gamma (conv(x) - mean) / sqrt(variance + epsilon) + beta as one convolution.
void FrozenNetwork::fold(const graph::Node &conv, const graph::Node &norm,
                         const std::map<std::string, torch::Tensor> &weights) {
    const auto of = [&](const graph::Node &node, const char *role) {
        return weights.at(node.weights.at(role));
    };
    const auto scale = of(norm, "weight") / torch::sqrt(of(norm, "running_var") + norm.real("epsilon"));
    auto bias = of(norm, "bias") - of(norm, "running_mean") * scale;
    if (conv.weights.contains("bias")) bias = bias + of(conv, "bias") * scale;
    store(conv, of(conv, "weight") * scale.view({-1, 1, 1, 1}), bias);
}

void FrozenNetwork::store(const graph::Node &conv, const torch::Tensor &weight, const torch::Tensor &bias) {
    auto &own = weights_[conv.name];
    const bool blocks = in_blocks_.contains(conv.name);
    own["weight"] = (blocks ? runtime::block_weight(weight, conv.integer("stride")) : weight).to(precision_);
    if (bias.defined()) own["bias"] = bias.to(precision_);
}

void FrozenNetwork::cast(const graph::Node &node, const std::map<std::string, torch::Tensor> &weights) {
    if (node.op == Op::conv2d) {
        const auto bias = node.weights.find("bias");
        return store(node, weights.at(node.weights.at("weight")).detach(),
                     bias == node.weights.end() ? torch::Tensor() : weights.at(bias->second).detach());
    }
    // Batch norm computes in fp32 whatever its input is.
    const auto precision = node.op == Op::batch_norm ? at::kFloat : precision_;
    for (const auto &[role, name] : node.weights)
        weights_[node.name][role] = weights.at(name).detach().to(precision);
}

void FrozenNetwork::refresh() {
    const torch::NoGradGuard no_grad;
    module_->eval();
    const auto weights = module_->effective_weights();
    for (const auto &node : module_->graph().nodes) {
        if (absorbed_.contains(node.name)) continue;
        const auto norm = norm_of_.find(node.name);
        if (norm != norm_of_.end())
            fold(node, *norm->second, weights);
        else
            cast(node, weights);
    }
}

torch::Tensor FrozenNetwork::convolve(const graph::Node &node, const torch::Tensor &input) {
    const auto &own = weights_.at(node.name);
    const auto bias = own.find("bias");
    return runtime::block_convolution(input, own.at("weight"),
                                      bias == own.end() ? torch::Tensor() : bias->second,
                                      {.kernel = node.integer("kernel"),
                                       .stride = node.integer("stride"),
                                       .padding = node.integer("padding")});
}

torch::Tensor FrozenNetwork::forward(const torch::Tensor &images) {
    const auto &graph = module_->graph();
    std::map<std::string, torch::Tensor> values{{graph.inputs.front().name, images.to(precision_)}};
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const auto &node = graph.nodes[i];
        std::vector<at::Tensor> arguments;
        for (const auto &name : node.inputs) arguments.push_back(values.at(name));
        const auto weight = [&](const char *role) {
            const auto &own = weights_[node.name];
            const auto found = own.find(role);
            return found == own.end() ? torch::Tensor() : found->second;
        };
        auto &value = values[node.name];
        if (absorbed_.contains(node.name))
            value = arguments.front();
        else if (in_blocks_.contains(node.name))
            value = convolve(node, arguments.front());
        else if (in_place_.contains(node.name))
            value = arguments.front().relu_();
        else
            value = runtime::apply_op(node, arguments, weight, {.training = false});
        for (const auto &name : node.inputs)
            if (last_use_[name] == i) values.erase(name);
    }
    return values.at(graph.outputs.front().source).to(at::kFloat);
}

} // namespace mirra::trainer
