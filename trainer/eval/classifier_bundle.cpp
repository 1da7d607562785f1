// Loading a classifier.
#include "eval/classifier_bundle.hpp"

#include "mirra/architectures.hpp"
#include "mirra/error.hpp"

#include <nlohmann/json.hpp>

namespace mirra::trainer {

ClassifierBundle::ClassifierBundle(std::shared_ptr<const bundle::Bundle> bundle, const torch::Device &device)
    : bundle_(std::move(bundle)) {
    const auto &graph = bundle_->graph("classifier");
    if (graph.inputs.size() != 1 || graph.inputs.front().channels != 3)
        throw Error(ErrorCode::mismatch, "the graph 'classifier' does not take one colour picture",
                    graph.name);
    auto module = std::make_shared<GraphModule>(graph, GraphModule::Options{});
    module->load(*bundle_);
    module->to(device);
    for (auto &parameter : module->parameters()) parameter.set_requires_grad(false);
    network_ = std::make_unique<FrozenNetwork>(module, at::kFloat);
    network_->refresh();
    const auto provenance = nlohmann::json::parse(bundle_->manifest().provenance);
    extent_ = provenance.value("extent", std::int64_t{0});
    names_ = provenance.value("classes", std::vector<std::string>{});
    classes_ = graph::logit_count(graph);
    if (classes_ < 2)
        throw Error(ErrorCode::mismatch,
                    "the graph 'classifier' ends in no linear layer or convolution of two classes or more",
                    graph.name);
}

Classifier ClassifierBundle::classifier() {
    return [this](const torch::Tensor &images) { return network_->forward(images); };
}

} // namespace mirra::trainer
