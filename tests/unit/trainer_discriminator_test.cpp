// The discriminator, and the convolutions over a whole input that it is made of.
#include "core/graph_module.hpp"
#include "losses/discriminator.hpp"
#include "mirra/graph.hpp"

#include <gtest/gtest.h>

namespace mirra::trainer {
namespace {

graph::Graph convolution(std::int64_t kernel) {
    graph::Builder b("convolution");
    const auto x =
        b.conv2d(b.input("x", 3), {.in = 3, .out = 5, .kernel = kernel, .padding = 0, .bias = true}, "conv");
    b.output("y", x);
    return b.finish();
}

torch::Tensor gradient_of(GraphModule &module, const torch::Tensor &input, torch::Tensor &output) {
    auto x = input.clone().requires_grad_(true);
    output = module.forward({{"x", x}}).at("y");
    (output * output).sum().backward();
    return x.grad();
}

TEST(WholeInputConvolution, IsTheSameInTrainingAsInEvaluation) {
    for (const std::int64_t extent : {1, 6}) {
        torch::manual_seed(1);
        GraphModule module(convolution(extent), {});
        const auto input = torch::randn({4, 3, extent, extent}).contiguous(at::MemoryFormat::ChannelsLast);
        torch::Tensor trained, evaluated;
        module.train();
        const auto in_training = gradient_of(module, input, trained);
        const auto weights_in_training = module.trainable().front().grad().clone();
        for (auto &weight : module.trainable()) weight.mutable_grad() = torch::Tensor();
        module.eval();
        const auto in_evaluation = gradient_of(module, input, evaluated);
        EXPECT_EQ(trained.sizes(), evaluated.sizes());
        EXPECT_TRUE(torch::allclose(trained, evaluated, 1e-5, 1e-5));
        EXPECT_TRUE(torch::allclose(in_training, in_evaluation, 1e-4, 1e-5));
        EXPECT_TRUE(torch::allclose(weights_in_training, module.trainable().front().grad(), 1e-4, 1e-5));
    }
}

Discriminator small() {
    return {{.feature_channels = 4, .extent = 32, .width = 0.125, .dropout = 0, .adam = {}}, at::kCPU};
}

TEST(Discriminator, LearnsToTellPicturesFromGeneratedOnes) {
    torch::manual_seed(2);
    auto discriminator = small();
    const auto features = torch::rand({4, 4, 2, 2});
    const auto real = torch::rand({4, 3, 32, 32}), generated = torch::zeros({4, 3, 32, 32});
    const double first = discriminator.train(real, generated, features, 5e-3).item<double>();
    double last = first;
    for (int i = 0; i < 10; ++i) last = discriminator.train(real, generated, features, 5e-3).item<double>();
    EXPECT_LT(last, 0.8 * first);
}

TEST(Discriminator, TheGeneratorsLossReachesThePictureAlone) {
    torch::manual_seed(3);
    auto discriminator = small();
    const auto features = torch::rand({4, 4, 2, 2});
    auto generated = torch::rand({4, 3, 32, 32}).requires_grad_(true);
    discriminator.loss(generated, features).backward();
    EXPECT_GT(generated.grad().abs().sum().item<double>(), 0);
    std::map<std::string, torch::Tensor> before;
    for (const auto &[name, tensor] : discriminator.state()) before[name] = tensor.clone();
    discriminator.train(torch::rand({4, 3, 32, 32}), generated.detach(), features, 5e-3);
    bool changed = false;
    for (const auto &[name, tensor] : discriminator.state())
        changed = changed || (name.ends_with("weight") && !torch::equal(tensor, before.at(name)));
    EXPECT_TRUE(changed) << "the weights must learn again after a step of the generator";
}

} // namespace
} // namespace mirra::trainer
