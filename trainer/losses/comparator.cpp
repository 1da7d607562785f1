// Feature loss.
#include "losses/comparator.hpp"

namespace mirra::trainer {
namespace {

graph::Graph feature_graph(const bundle::Bundle &bundle) {
    const auto &graphs = bundle.manifest().graphs;
    const auto found = graphs.find("comparator");
    const auto &graph = found != graphs.end() ? found->second : bundle.graph("encoder");
    return graph::part_of(graph, graph.outputs.back().name, "features");
}

} // namespace

Comparator::Comparator(const bundle::Bundle &bundle, const torch::Device &device)
    : Comparator(bundle, feature_graph(bundle), device, at::kFloat) {}

Comparator::Comparator(const bundle::Bundle &bundle, const graph::Graph &features,
                       const torch::Device &device, at::ScalarType precision) {
    auto module = std::make_shared<GraphModule>(features, GraphModule::Options{});
    module->load(bundle);
    module->to(device);
    for (auto &parameter : module->parameters()) parameter.set_requires_grad(false);
    network_ = std::make_unique<FrozenNetwork>(module, precision);
    network_->refresh();
}

torch::Tensor Comparator::distance(const torch::Tensor &output, const torch::Tensor &wanted,
                                   FeatureDistance kind) {
    const auto squared = torch::mse_loss(features(output), wanted);
    if (kind == FeatureDistance::squared) return squared;
    constexpr double kStabiliser = 1e-12;
    return squared / (wanted.square().mean() + kStabiliser);
}

torch::Tensor Comparator::loss(const torch::Tensor &output, const torch::Tensor &target) {
    torch::Tensor wanted;
    {
        const torch::NoGradGuard no_grad;
        wanted = features(target);
    }
    return distance(output, wanted, FeatureDistance::squared);
}

} // namespace mirra::trainer
