// Gradients of graphs against finite differences, and what they take of memory.
#include "golden_ops.hpp"
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "mirra/tiling.hpp"
#include "runtime_support.hpp"

#include <gtest/gtest.h>

namespace {

using namespace mirra;
using namespace mirra::runtime;
using test::RandomNetwork;

TensorPtr uploaded(const torch::Tensor &values) {
    const auto packed = values.to(torch::kFloat).contiguous();
    return module_under_test().upload(
        {packed.const_data_ptr<float>(), static_cast<std::size_t>(packed.numel())}, packed.sizes().vec(),
        Layout::nchw, "cpu");
}

torch::Tensor downloaded(const TensorPtr &tensor) {
    auto values = torch::empty(tensor->shape());
    module_under_test().download(
        *tensor, {values.mutable_data_ptr<float>(), static_cast<std::size_t>(values.numel())}, Layout::nchw);
    return values;
}

struct Case {
    graph::Graph graph;
    std::int64_t height = 64, width = 96;
};

/// The generator of conv5 has the convolutions with kernels of their own.
std::vector<Case> cases() {
    return {{graph::alexnet_encoder(graph::InputTransform::mean_std)},
            {graph::alexnet_generator(graph::AlexNetTap::conv1), 16, 24},
            {graph::alexnet_generator(graph::AlexNetTap::conv5), 2, 3},
            {graph::wavelet_denoiser({.channels = {8, 12}, .blocks = {1, 1}})},
            {graph::classifier({.architecture = "resnet18", .width = 1.0 / 8, .hidden = {}}).encoder}};
}

/// In double precision, along the gradient itself: where it is largest, kinks matter least.
void expect_slope(const RandomNetwork &network, const std::vector<torch::Tensor> &inputs, std::size_t output,
                  std::size_t input) {
    std::vector<TensorPtr> given;
    for (const auto &each : inputs) given.push_back(uploaded(each));
    torch::Tensor weights;
    const auto gradient =
        downloaded(network.compile_gradient()->gradient(given, output, input, [&](const TensorPtr &y) {
            weights = torch::randn(y->shape());
            return uploaded(weights);
        }));
    ASSERT_EQ(gradient.sizes(), inputs[input].sizes());
    const auto direction = (gradient / gradient.norm()).to(torch::kDouble);
    const auto value = [&](double step) {
        std::vector<torch::Tensor> moved;
        for (const auto &each : inputs) moved.push_back(each.to(torch::kDouble));
        moved[input] = moved[input] + step * direction;
        return (network.plain(moved)[output] * weights).sum().item<double>();
    };
    constexpr double kStep = 1e-6;
    const double slope = (value(kStep) - value(-kStep)) / (2 * kStep);
    EXPECT_NEAR(slope, gradient.norm().item<double>(), 1e-3 * std::abs(slope))
        << network.graph().name << " " << network.graph().outputs[output].name;
}

TEST(Gradient, AgreesWithFiniteDifferences) {
    for (const auto &[graph, height, width] : cases()) {
        const RandomNetwork network(graph, 21);
        const auto inputs = network.inputs(2, height, width);
        for (std::size_t output = 0; output < graph.outputs.size(); ++output)
            expect_slope(network, inputs, output, 0);
    }
}

TEST(Gradient, OfEveryOperationAgreesWithFiniteDifferences) {
    for (const auto &golden : test::golden_ops())
        for (std::size_t input = 0; input < golden.inputs.size(); ++input)
            expect_slope(golden.network(), golden.inputs, 0, input);
}

TEST(Gradient, TheEstimateIsAnUpperBound) {
    auto &module = module_under_test();
    for (const auto &[graph, height, width] : cases()) {
        const RandomNetwork network(graph, 22);
        const auto differentiable = network.compile_gradient();
        const auto arena = module.make_arena(0);
        const auto scope = module.enter(arena);
        std::map<std::string, graph::Shape> shapes;
        std::vector<TensorPtr> inputs;
        for (const auto &input : graph.inputs) {
            shapes[input.name] = {1, input.channels, 2 * height, 2 * width};
            inputs.push_back(module.full(shapes[input.name], 0.5, "cpu"));
        }
        differentiable->gradient(inputs, graph.outputs.size() - 1, 0, [&](const TensorPtr &y) { return y; });
        EXPECT_LE(arena->peak_bytes(), estimate_memory(graph, shapes, Precision::fp32, true).all())
            << graph.name;
    }
}

TEST(Gradient, KeepsToItsArena) {
    auto &module = module_under_test();
    const RandomNetwork network(graph::alexnet_encoder(graph::InputTransform::mean_std), 23);
    const auto differentiable = network.compile_gradient();
    const auto arena = module.make_arena(std::uint64_t{8} << 20);
    const auto scope = module.enter(arena);
    const std::vector<TensorPtr> inputs{module.full({1, 3, 512, 512}, 0.5, "cpu")};
    try {
        differentiable->gradient(inputs, 0, 0, [](const TensorPtr &y) { return y; });
        FAIL() << "it fitted";
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::budget);
    }
}

TEST(Gradient, WrongShapesAndWhatTheCallerThrowsComeOut) {
    const RandomNetwork network(graph::alexnet_encoder(graph::InputTransform::none), 24);
    const auto differentiable = network.compile_gradient();
    const std::vector<TensorPtr> inputs{uploaded(torch::rand({1, 3, 64, 64}))};
    const auto code = [&](const std::vector<TensorPtr> &given, std::size_t output, const Upstream &upstream) {
        try {
            differentiable->gradient(given, output, 0, upstream);
        } catch (const Error &error) {
            return error.code();
        }
        return ErrorCode::internal;
    };
    const auto same = [](const TensorPtr &y) { return y; };
    EXPECT_EQ(code(inputs, 9, same), ErrorCode::mismatch);
    EXPECT_EQ(code({}, 0, same), ErrorCode::mismatch);
    EXPECT_EQ(code({uploaded(torch::rand({1, 3, 8, 8}))}, 0, same), ErrorCode::mismatch);
    EXPECT_EQ(code(inputs, 0, [&](const TensorPtr &) { return inputs[0]; }), ErrorCode::mismatch);
    EXPECT_EQ(code(inputs, 0, [](const TensorPtr &) -> TensorPtr { return nullptr; }), ErrorCode::mismatch);
    EXPECT_EQ(
        code(inputs, 0, [](const TensorPtr &) -> TensorPtr { throw Error(ErrorCode::cancelled, "stop"); }),
        ErrorCode::cancelled);
}

} // namespace
