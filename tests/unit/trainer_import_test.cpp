// An imported classifier gives the logits of the network that it was saved from.
#include "core/graph_module.hpp"
#include "eval/classifier.hpp"
#include "import/import.hpp"
#include "scratch.hpp"

#include "mirra/architectures.hpp"

#include <gtest/gtest.h>

namespace mirra::trainer {
namespace {

/// A network of random weights and statistics, in evaluation mode.
std::shared_ptr<GraphModule> random_network(const graph::Graph &graph) {
    auto module = std::make_shared<GraphModule>(graph, GraphModule::Options{});
    const torch::NoGradGuard no_grad;
    for (auto &[name, tensor] : module->state())
        if (tensor.dim() == 1) tensor.uniform_(0.5, 1.5);
    module->eval();
    return module;
}

/// As a checkpoint of PyTorch has it: published names, without the rooms of Mirra's graphs.
void save(const GraphModule &module, const std::string &path) {
    const auto weights = module.weights();
    std::map<std::string, bundle::TensorView> tensors;
    for (const auto &[name, weight] : weights)
        tensors["module.model." + name.substr(name.find('.') + 1)] = {
            bundle::DType::f32, weight.shape, std::as_bytes(std::span(weight.values))};
    bundle::write_tensors(path, tensors);
}

TEST(ImportedClassifier, GivesTheLogitsOfItsNetwork) {
    torch::manual_seed(3);
    const graph::ClassifierOptions network{.architecture = "resnet18",
                                           .width = 1.0 / 8,
                                           .transform = graph::InputTransform::mean_std_cifar,
                                           .classes = 5,
                                           .hidden = {}};
    const auto module = random_network(graph::classifier(network).classifier);
    const auto file = test::scratch() + "resnet18.safetensors", out = test::scratch() + "resnet18.mirra";
    save(*module, file);
    ImportOptions options;
    options.architecture = "resnet18-classifier";
    options.files = {file};
    options.output = out;
    options.input_transform = network.transform;
    import_checkpoint(options);

    ClassifierBundle imported(bundle::Bundle::open(out), torch::kCPU);
    EXPECT_EQ(imported.classes(), 5);
    EXPECT_EQ(imported.extent(), 32);
    const torch::NoGradGuard no_grad;
    const auto images = torch::rand({3, 3, 32, 32});
    const auto expected = module->forward({{"image", images}}).at("logits");
    ASSERT_GT(expected.std().item<double>(), 0.01);
    const auto difference = (imported.classifier()(images) - expected).abs().max() / expected.abs().max();
    EXPECT_LT(difference.item<double>(), 1e-5);
}

} // namespace
} // namespace mirra::trainer
