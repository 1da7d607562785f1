// The runtime against the plain executor: fusion, folding, precision, arena; and the Haar kernels.
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "runtime/torch/haar.hpp"
#include "runtime/torch/module.hpp"
#include "runtime/torch/ops.hpp"
#include "runtime_support.hpp"

#include <gtest/gtest.h>

namespace {

using namespace mirra;
using namespace mirra::runtime;
using test::RandomNetwork;

TEST(Haar, KernelMatchesTheTapsOfThePaper) {
    const auto x = torch::randn({2, 5, 7, 9}).contiguous(at::MemoryFormat::ChannelsLast);
    const float taps[4][4] = {{1, 1, 1, 1}, {-1, 1, -1, 1}, {-1, -1, 1, 1}, {1, -1, -1, 1}};
    const auto y = haar_analysis(x);
    ASSERT_EQ(y.sizes(), (std::vector<std::int64_t>{2, 20, 3, 4}));
    for (std::int64_t band = 0; band < 4; ++band) {
        const auto filter =
            torch::from_blob(const_cast<float *>(taps[band]), {1, 1, 2, 2}).repeat({5, 1, 1, 1}) * 0.5;
        const auto expected = at::conv2d(x, filter, std::nullopt, /*stride=*/at::IntArrayRef{2},
                                         at::IntArrayRef{0}, at::IntArrayRef{1}, 5);
        EXPECT_TRUE(torch::allclose(y.slice(1, band * 5, band * 5 + 5), expected, 1e-5, 1e-5)) << band;
    }
}

TEST(Haar, SynthesisInvertsAnalysisInBothPrecisions) {
    const auto x = torch::rand({1, 48, 16, 22}).contiguous(at::MemoryFormat::ChannelsLast);
    EXPECT_TRUE(torch::allclose(haar_synthesis(haar_analysis(x)), x, 1e-5, 1e-5));
    const auto narrow = x.to(at::kBFloat16);
    EXPECT_TRUE(torch::allclose(haar_synthesis(haar_analysis(narrow)).to(at::kFloat), x, 2e-2, 2e-2));
    EXPECT_TRUE(
        torch::allclose(haar_analysis(x.to(at::kDouble)).to(at::kFloat), haar_analysis(x), 1e-5, 1e-5));
}

TEST(Haar, GradientIsTheAdjoint) {
    auto x = torch::randn({1, 3, 5, 7}, at::kDouble).requires_grad_();
    const auto g = torch::randn({1, 12, 2, 3}, at::kDouble);
    (haar_analysis_autograd(x) * g).sum().backward();
    const auto d = torch::randn_like(x);
    const torch::NoGradGuard no_grad;
    EXPECT_NEAR((x.grad() * d).sum().item<double>(), (haar_analysis(d) * g).sum().item<double>(), 1e-9);
}

TEST(Runtime, CompiledEqualsThePlainExecutorForEveryArchitecture) {
    for (const auto &graph : {graph::wavelet_denoiser({.channels = {8, 12, 16}, .blocks = {1, 1, 2}}),
                              graph::alexnet_denoiser(), graph::alexnet_autoencoder(graph::AlexNetTap::conv5),
                              graph::alexnet_autoencoder(graph::AlexNetTap::conv2),
                              graph::alexnet_autoencoder(graph::AlexNetTap::conv1),
                              graph::alexnet_encoder(graph::InputTransform::mean_std)}) {
        const RandomNetwork network(graph, 7);
        const auto inputs = network.inputs(1, 64, 96);
        const auto expected = network.plain(inputs), actual = network.compiled(inputs, Precision::fp32);
        ASSERT_EQ(expected.size(), actual.size());
        for (std::size_t i = 0; i < expected.size(); ++i)
            EXPECT_LT((expected[i] - actual[i]).abs().max().item<double>(),
                      1e-4 * std::max(1.0, expected[i].abs().max().item<double>()))
                << graph.name << " " << graph.outputs[i].name;
    }
}

TEST(Runtime, InputsAreLeftAlone) {
    const RandomNetwork network(graph::wavelet_denoiser({.channels = {8}, .blocks = {1}}), 3);
    const auto inputs = network.inputs(1, 32, 32);
    const auto before = inputs[0].clone();
    ASSERT_EQ(network.compiled(inputs, Precision::fp32).size(), 1u);
    EXPECT_TRUE(torch::equal(inputs[0], before));
}

TEST(Runtime, Bf16StaysClose) {
    const RandomNetwork network(graph::wavelet_denoiser({.channels = {8, 12}, .blocks = {1, 1}}), 5);
    const auto inputs = network.inputs(2, 48, 32);
    const auto full = network.compiled(inputs, Precision::fp32)[0],
               reduced = network.compiled(inputs, Precision::bf16)[0];
    EXPECT_LT((full - reduced).norm().item<double>(), 0.01 * full.norm().item<double>());
    EXPECT_GT((full - reduced).abs().max().item<double>(), 0) << "bf16 was not used";
}

TEST(Runtime, WrongShapesAndMissingWeightsAreErrors) {
    auto &module = torch_module();
    const RandomNetwork network(graph::alexnet_denoiser(), 1);
    EXPECT_THROW(static_cast<void>(network.compiled(network.inputs(1, 300, 420), Precision::fp32)), Error);
    const auto none = [](const std::string &name) -> Weight {
        throw Error(ErrorCode::not_found, "no weight", name);
    };
    EXPECT_THROW(module.compile(graph::alexnet_denoiser(), none, {}), Error);
    EXPECT_THROW(module.compile(graph::alexnet_denoiser(), none, {.device = "tpu"}), Error);
}

TEST(Runtime, UploadAndDownloadKeepTheLayout) {
    auto &module = torch_module();
    const std::vector<float> nhwc{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    const auto tensor = module.upload(nhwc, {1, 3, 2, 2}, Layout::nhwc, "cpu");
    std::vector<float> nchw(12), back(12);
    module.download(*tensor, nchw, Layout::nchw);
    EXPECT_EQ(nchw, (std::vector<float>{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}));
    module.download(*tensor, back, Layout::nhwc);
    EXPECT_EQ(back, nhwc);
    EXPECT_THROW(module.upload(nhwc, {1, 3, 2, 3}, Layout::nhwc, "cpu"), Error);
}

TEST(Arena, CountsKeepsToItsLimitAndOutlivesTheScope) {
    auto &module = torch_module();
    const auto arena = module.make_arena(1 << 20);
    TensorPtr kept;
    {
        const auto scope = module.enter(arena);
        kept = module.full({1, 1, 128, 128}, 2.0, "cpu");
        EXPECT_GE(arena->current_bytes(), 128u * 128u * 4u);
        try {
            module.full({1, 1, 1024, 1024}, 1.0, "cpu");
            FAIL() << "4 MiB fitted into 1 MiB";
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), ErrorCode::budget);
        }
    }
    EXPECT_EQ(module.reduce(Reduction::mean, kept), 2.0);
    EXPECT_LE(arena->peak_bytes(), 1u << 20);
}

TEST(Arena, ReusesBlocks) {
    auto &module = torch_module();
    const auto arena = module.make_arena(0);
    const auto scope = module.enter(arena);
    for (int i = 0; i < 50; ++i) module.full({1, 16, 128, 128}, i, "cpu");
    EXPECT_LT(arena->peak_bytes(), 4u << 20);
}

TEST(Devices, TheCpuIsThereAndSaysWhatItCan) {
    const auto devices = torch_module().devices();
    ASSERT_FALSE(devices.empty());
    EXPECT_EQ(devices[0].id, "cpu");
    EXPECT_TRUE(devices[0].usable);
    EXPECT_GT(devices[0].memory, 0u);
    for (const auto &device : devices) EXPECT_TRUE(device.usable || !device.reason.empty()) << device.id;
}

} // namespace
