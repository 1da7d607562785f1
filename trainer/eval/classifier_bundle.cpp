// Loading a classifier.
#include "eval/classifier_bundle.hpp"

#include "mirra/architectures.hpp"
#include "mirra/error.hpp"

namespace mirra::trainer {

ClassifierBundle::ClassifierBundle(std::shared_ptr<const bundle::Bundle> bundle, const torch::Device &device,
                                   const std::filesystem::path &file)
    : bundle_(std::move(bundle))
    , origin_(classifier_origin(*bundle_, file.string())) {
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
    classes_ = graph::logit_count(graph);
    if (classes_ < 2)
        throw Error(ErrorCode::mismatch,
                    "the graph 'classifier' ends in no linear layer or convolution of two classes or more",
                    graph.name);
    if (!origin_.classes.empty() && std::ssize(origin_.classes) != classes_)
        throw Error(ErrorCode::corrupt,
                    "the bundle names " + std::to_string(origin_.classes.size()) +
                        " classes, and its network has " + std::to_string(classes_),
                    file.string(), "write the bundle anew with mirra-train encoder or mirra-train import");
}

Classifier ClassifierBundle::classifier() {
    return [this](const torch::Tensor &images) { return network_->forward(images); };
}

} // namespace mirra::trainer
