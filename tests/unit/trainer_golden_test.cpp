// Training steps against PyTorch: golden_training.json holds what golden_training.py computed with PyTorch's
// own layers, losses and optimizers, from the same weights and pictures.
#include "attacks/gradient_attacks.hpp"
#include "core/graph_module.hpp"
#include "core/optimizer.hpp"
#include "golden.hpp"
#include "losses/discriminator.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <set>

namespace mirra::trainer {
namespace {

torch::Tensor values(const std::string &name, at::IntArrayRef shape, double low, double high) {
    std::int64_t count = 1;
    for (const auto extent : shape) count *= extent;
    return torch::tensor(test::values(name, count, low, high)).view(shape);
}

/// The cases whose names begin with a word. Every one of them is to be compared.
class Golden {
  public:
    explicit Golden(const std::string &subject) : subject_(subject + " ") {
        std::ifstream file(MIRRA_TEST_SOURCE "/tests/unit/golden_training.json");
        cases_ = nlohmann::json::parse(file);
        for (const auto &[name, samples] : cases_.items())
            if (name.starts_with(subject_)) left_.insert(name);
        EXPECT_FALSE(left_.empty()) << subject;
    }
    Golden(const Golden &) = delete;
    Golden &operator=(const Golden &) = delete;
    ~Golden() { EXPECT_TRUE(left_.empty()) << *left_.begin() << " was not compared"; }

    void compare(const std::string &name, const torch::Tensor &tensor) {
        ASSERT_EQ(left_.erase(subject_ + name), 1U) << subject_ + name;
        const auto &entry = cases_.at(subject_ + name);
        const auto wanted = torch::tensor(entry.at("samples").get<std::vector<float>>());
        const auto step = entry.at("step").get<std::int64_t>();
        const auto found = tensor.detach().contiguous().flatten().slice(0, 0, std::nullopt, step);
        ASSERT_EQ(found.sizes(), wanted.sizes()) << subject_ + name;
        EXPECT_TRUE(torch::allclose(found, wanted, 1e-4, 2e-6))
            << subject_ + name << " is off by " << (found - wanted).abs().max().item<float>();
    }
    void compare(const std::string &name, double value) { compare(name, torch::tensor({value}, at::kFloat)); }

  private:
    std::string subject_;
    nlohmann::json cases_;
    std::set<std::string> left_;
};

/// Weights from their names, as `fill` of golden_training.py.
void fill(const std::map<std::string, torch::Tensor> &state, const std::string &prefix,
          const std::string &name) {
    const torch::NoGradGuard no_grad;
    for (const auto &[full, tensor] : state) {
        auto target = tensor;
        if (!full.starts_with(prefix) || full.find("adam.") != std::string::npos) continue;
        const auto key = name + " " + full.substr(prefix.size());
        if (full.ends_with("_u") || full.ends_with("_v")) {
            const auto direction = values(key, tensor.sizes(), -1, 1);
            target.copy_(direction / direction.norm());
        } else {
            target.copy_(values(key, tensor.sizes(), -0.2, 0.2));
        }
    }
}

void compare_spectral_norm(Golden &golden, const std::string &name, const graph::Graph &graph) {
    GraphModule module(graph, {.spectral_norm = {"layer."}});
    const auto state = module.state();
    fill(state, "layer.", name);
    const auto image = values(name + " image", {2, 3, 8, 8}, -1, 1);
    module.train();
    for (int step = 0; step < 2; ++step) {
        const auto part = name + " " + std::to_string(step) + " ";
        module.zero_grad();
        const auto output = module.forward({{"x", image}}).at("y");
        output.square().mean().backward();
        golden.compare(part + "output", output);
        golden.compare(part + "gradient", state.at("layer.weight").grad());
        golden.compare(part + "u", state.at("layer.weight_u"));
        golden.compare(part + "v", state.at("layer.weight_v"));
    }
    module.eval();
    golden.compare(name + " evaluation", module.forward({{"x", image}}).at("y"));
}

TEST(TrainingGolden, SpectralNormInTraining) {
    Golden golden("spectral_norm");
    graph::Builder conv("conv");
    conv.output("y", conv.conv2d(conv.input("x", 3), {.in = 3, .out = 5, .bias = true}, "layer"));
    compare_spectral_norm(golden, "conv", conv.finish());
    graph::Builder deconv("deconv");
    deconv.output("y", deconv.conv_transpose2d(deconv.input("x", 3),
                                               {.in = 3, .out = 5, .kernel = 4, .stride = 2, .bias = true},
                                               "layer"));
    compare_spectral_norm(golden, "deconv", deconv.finish());
}

TEST(TrainingGolden, BatchNormInTraining) {
    Golden golden("batch_norm");
    graph::Builder b("norm");
    b.output("y", b.batch_norm(b.input("x", 4), 4, "layer"));
    GraphModule module(b.finish(), {});
    auto state = module.state();
    {
        const torch::NoGradGuard no_grad;
        state.at("layer.weight").copy_(values("norm weight", {4}, 0.5, 1.5));
        state.at("layer.bias").copy_(values("norm bias", {4}, -0.5, 0.5));
    }
    module.train();
    torch::Tensor image;
    for (int step = 0; step < 2; ++step) {
        const auto part = std::to_string(step) + " ";
        module.zero_grad();
        image = values("norm image " + std::to_string(step), {3, 4, 5, 6}, -1, 2).requires_grad_();
        const auto output = module.forward({{"x", image}}).at("y");
        (output * values("norm direction", {3, 4, 5, 6}, -1, 1)).sum().backward();
        golden.compare(part + "output", output);
        golden.compare(part + "image gradient", image.grad());
        for (const char *role : {"weight", "bias"})
            golden.compare(part + role + " gradient", state.at(std::string("layer.") + role).grad());
        for (const char *role : {"running_mean", "running_var"})
            golden.compare(part + role, state.at(std::string("layer.") + role));
    }
    module.eval();
    golden.compare("evaluation", module.forward({{"x", image}}).at("y"));
}

TEST(TrainingGolden, StepsOfDiscriminatorAndGenerator) {
    Golden golden("gan");
    Discriminator discriminator({.feature_channels = 4,
                                 .extent = 32,
                                 .width = 0.125,
                                 .dropout = 0,
                                 .adam = {.beta1 = 0.5, .beta2 = 0.999, .epsilon = 1e-3}},
                                at::kCPU);
    const auto state = discriminator.state();
    fill(state, "discriminator.", "gan");
    const auto features = values("gan features", {2, 4, 2, 2}, 0, 1);
    const auto real = values("gan real", {2, 3, 32, 32}, 0, 1);
    const auto generated = values("gan generated", {2, 3, 32, 32}, 0, 1);
    golden.compare("discriminator loss", discriminator.train(real, generated, features, 1e-3).item<double>());
    for (const char *name :
         {"features.0.weight", "features.12.bias", "classifier01.0.weight", "classifier02.4.weight"})
        golden.compare(std::string("gradient ") + name,
                       state.at(std::string("discriminator.") + name).grad());
    for (const auto &[name, tensor] : state)
        if (name.ends_with("weight") || name.ends_with("bias"))
            golden.compare("weight " + name.substr(std::string("discriminator.").size()), tensor);
    auto picture = generated.clone().requires_grad_();
    const auto loss = discriminator.loss(picture, features);
    loss.backward();
    golden.compare("generator loss", loss.item<double>());
    golden.compare("generator gradient", picture.grad());
}

TEST(TrainingGolden, StepsOfPgd) {
    Golden golden("pgd");
    const auto first = values("pgd first", {12, 48}, -0.3, 0.3),
               second = values("pgd second", {5, 12}, -0.5, 0.5);
    const Classifier classifier = [&](const torch::Tensor &images) {
        return images.flatten(1).matmul(first.t()).tanh().matmul(second.t());
    };
    const auto images = values("pgd images", {3, 3, 4, 4}, 0, 1);
    const auto labels = torch::tensor({0, 3, 2}, at::kLong);
    const auto attacked = [&](const Budget &budget, double step_size) {
        return pgd(classifier, images, labels,
                   {.budget = budget, .steps = 2, .step_size = step_size, .best_iterate = false}, {0});
    };
    golden.compare("l2", attacked({Norm::l2, 0.7}, 0.4));
    golden.compare("linf", attacked({Norm::linf, 0.03}, 0.02));
}

template<class Optimizer>
torch::Tensor after_three_steps(const typename Optimizer::Options &options, double rate) {
    auto parameter = values("optimizer start", {30}, -1, 1).requires_grad_();
    Optimizer optimizer({parameter}, options);
    for (int step = 0; step < 3; ++step) {
        parameter.mutable_grad() = values("optimizer gradient " + std::to_string(step), {30}, -0.5, 0.5);
        optimizer.step(rate);
    }
    return parameter;
}

TEST(TrainingGolden, StepsOfTheOptimizers) {
    Golden golden("optimizer");
    golden.compare("adam", after_three_steps<Adam>({.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8}, 0.01));
    golden.compare(
        "adam decay",
        after_three_steps<Adam>({.beta1 = 0.5, .beta2 = 0.999, .epsilon = 1e-6, .weight_decay = 0.1}, 0.01));
    golden.compare("sgd", after_three_steps<Sgd>({.momentum = 0.9, .weight_decay = 0.01}, 0.05));
    golden.compare("sgd nesterov",
                   after_three_steps<Sgd>({.momentum = 0.8, .weight_decay = 0.1, .nesterov = true}, 0.05));
}

} // namespace
} // namespace mirra::trainer
