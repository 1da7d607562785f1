// Feature loss.
#include "losses/comparator.hpp"

namespace mirra::trainer {
namespace {

const graph::Graph &feature_graph(const bundle::Bundle &bundle) {
    const auto &graphs = bundle.manifest().graphs;
    const auto found = graphs.find("comparator");
    return found != graphs.end() ? found->second : bundle.graph("encoder");
}

} // namespace

Comparator::Comparator(const bundle::Bundle &bundle, const torch::Device &device)
    : network_(std::make_shared<GraphModule>(feature_graph(bundle), GraphModule::Options{})) {
    network_->load(bundle);
    network_->to(device);
    network_->eval();
    for (auto &parameter : network_->parameters()) parameter.set_requires_grad(false);
}

torch::Tensor Comparator::features(const torch::Tensor &pictures) {
    const auto &graph = network_->graph();
    return network_->forward({{graph.inputs.front().name, pictures}}).at(graph.outputs.back().name);
}

torch::Tensor Comparator::loss(const torch::Tensor &output, const torch::Tensor &target) {
    torch::Tensor wanted;
    {
        const torch::NoGradGuard no_grad;
        wanted = features(target).to(at::kFloat);
    }
    return torch::mse_loss(features(output).to(at::kFloat), wanted);
}

} // namespace mirra::trainer
