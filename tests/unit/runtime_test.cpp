// The runtime against the plain executor: fusion, folding, precision, arena; and the Haar kernels.
#include "mirra/architectures.hpp"
#include "mirra/defect_segmenter.hpp"
#include "mirra/error.hpp"
#include "mirra/tiling.hpp"
#include "runtime/torch/haar.hpp"
#include "runtime/torch/ops.hpp"
#include "runtime/torch/tensor.hpp"
#include "runtime_support.hpp"
#include "throws.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <thread>

#include <sys/resource.h>

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

/// A node of that op with its weights, and inputs that fit it.
struct Sample {
    graph::Node node;
    std::vector<at::Tensor> inputs;
    std::map<std::string, at::Tensor> weights;

    [[nodiscard]] at::Tensor run(OpMode mode = {}) const {
        return apply_op(
            node, inputs,
            [&](const char *role) {
                const auto found = weights.find(role);
                return found == weights.end() ? at::Tensor() : found->second.to(inputs[0].scalar_type());
            },
            mode);
    }
};

Sample sample_of(graph::Op op) {
    const auto &info = graph::op_info(op);
    Sample out{.node = {.name = "n", .op = op, .inputs = {}, .attributes = {}, .weights = {}},
               .inputs = {},
               .weights = {}};
    const bool flat = op == graph::Op::linear;
    for (const auto &attribute : info.attributes) {
        const bool channels = attribute.name.ends_with("channels");
        auto &value = out.node.attributes[std::string(attribute.name)];
        if (attribute.kind == graph::AttributeKind::reals) value = std::vector<double>{0.1, 0.2, 0.3, 0.4};
        if (attribute.kind == graph::AttributeKind::real) value = *attribute.fallback;
        if (attribute.kind == graph::AttributeKind::integer)
            value = channels ? std::int64_t{4} : static_cast<std::int64_t>(attribute.fallback.value_or(2));
    }
    if (op == graph::Op::channel_slice) out.node.attributes["begin"] = std::int64_t{1};
    for (std::size_t i = 0; i < std::max<std::size_t>(info.inputs.value.least, 1); ++i) {
        out.node.inputs.push_back("x" + std::to_string(i));
        out.inputs.push_back(flat ? torch::rand({2, 4})
                                  : torch::rand({2, 4, 8, 6}).contiguous(at::MemoryFormat::ChannelsLast));
    }
    for (const auto &weight : info.weights) {
        out.node.weights[std::string(weight.role)] = std::string(weight.role);
        out.weights[std::string(weight.role)] = torch::rand(weight.shape(out.node)) + 0.5;
    }
    return out;
}

const void *memory_of(const at::Tensor &tensor) {
    return tensor.storage().data();
}

TEST(Ops, EveryKernelDoesWhatTheTableSays) {
    const torch::NoGradGuard no_grad;
    for (const auto &info : graph::ops()) {
        SCOPED_TRACE(info.name);
        const Sample sample = sample_of(info.op);
        const auto y = sample.run();
        std::vector<graph::Shape> shapes;
        for (const auto &input : sample.inputs) shapes.push_back(input.sizes().vec());
        EXPECT_EQ(y.sizes().vec(), info.shape(sample.node, shapes));
        const graph::Storage storage = info.execution.value.storage;
        const bool shares = memory_of(y) == memory_of(sample.inputs[0]);
        EXPECT_TRUE(storage == graph::Storage::view_or_copy || shares == (storage == graph::Storage::view));
        EXPECT_TRUE(!info.execution.value.dense || y.dim() != 4 ||
                    y.is_contiguous(at::MemoryFormat::ChannelsLast));
        if (info.execution.value.precision == graph::ResultPrecision::of_inputs) {
            Sample narrow = sample;
            for (auto &input : narrow.inputs) input = input.to(at::kBFloat16);
            EXPECT_EQ(narrow.run().scalar_type(), at::kBFloat16);
        }
        if (storage != graph::Storage::over_input) continue;
        for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
            Sample over = sample;
            for (auto &input : over.inputs) input = input.clone();
            const auto *memory = memory_of(over.inputs[i]);
            const auto written = over.run({.over = i});
            EXPECT_EQ(memory_of(written), memory);
            EXPECT_TRUE(torch::equal(written, y));
        }
    }
}

/// LibTorch refuses a gradient where what it reads was written over.
TEST(Ops, ResultsThatNoGradientReadsMayBeWrittenOver) {
    for (const auto &info : graph::ops()) {
        if (info.execution.value.gradient_reads_result ||
            info.execution.value.storage == graph::Storage::view)
            continue;
        SCOPED_TRACE(info.name);
        Sample sample = sample_of(info.op);
        for (auto &input : sample.inputs) input.requires_grad_();
        const auto gradient = [&](bool over) {
            const auto y = sample.run();
            return torch::autograd::grad({(over ? y.relu_() : y.relu()).sum()}, {sample.inputs[0]})[0];
        };
        EXPECT_TRUE(torch::equal(gradient(true), gradient(false)));
    }
}

/// Graphs whose values share memory, or are read in several places at once.
std::vector<graph::Graph> awkward_graphs() {
    const graph::Builder::Conv conv{.in = 8, .out = 8, .bias = true};
    std::vector<graph::Graph> out;
    const auto add = [&](const char *name, const auto &body) {
        graph::Builder b(name);
        b.output("y", body(b, b.conv2d(b.input("x", 3), {.in = 3, .out = 8}, "first")));
        out.push_back(b.finish());
    };
    add("two-convolutions-added", [&](auto &b, const std::string &x) {
        return b.relu(b.add(b.conv2d(x, conv, "a"), b.conv2d(x, conv, "b")));
    });
    add("added-to-its-own-input",
        [&](auto &b, const std::string &x) { return b.add(x, b.conv2d(x, conv, "a")); });
    add("slice-in-place",
        [&](auto &b, const std::string &x) { return b.concat({x, b.relu(b.channel_slice(x, 0, 4))}); });
    add("sum-of-slices", [&](auto &b, const std::string &x) {
        return b.concat({b.add(b.channel_slice(x, 0, 4), b.channel_slice(x, 2, 6)), x});
    });
    add("flat", [&](auto &b, const std::string &x) {
        return b.relu(b.linear(b.relu(b.flatten(x)), 8 * 64 * 96, 5, "l"));
    });
    graph::Builder b("slice-of-the-input");
    const auto x = b.input("x", 3);
    b.output("y", b.tanh(b.channel_slice(x, 0, 2)));
    b.output("x", x);
    out.push_back(b.finish());
    for (const auto *name : {"alexnet", "vgg16", "resnet18", "wrn-28-10"}) {
        const auto graphs = graph::classifier({.architecture = name, .width = 1.0 / 8, .hidden = {32}});
        out.push_back(graphs.encoder);
        out.push_back(graphs.classifier);
    }
    return out;
}

void expect_compiled_equals_plain(const graph::Graph &graph) {
    const RandomNetwork network(graph, 7);
    const auto inputs = network.inputs(1, 64, 96);
    const auto before = inputs[0].clone();
    const auto expected = network.plain(inputs), actual = network.compiled(inputs, Precision::fp32);
    EXPECT_TRUE(torch::equal(inputs[0], before)) << graph.name << " wrote over its input";
    ASSERT_EQ(expected.size(), actual.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_LT((expected[i] - actual[i]).abs().max().item<double>(),
                  1e-4 * std::max(1.0, expected[i].abs().max().item<double>()))
            << graph.name << " " << graph.outputs[i].name;
}

TEST(Runtime, CompiledEqualsThePlainExecutorWhereValuesAreShared) {
    for (const auto &graph : awkward_graphs()) expect_compiled_equals_plain(graph);
}

TEST(Runtime, TheEstimateIsAnUpperBoundOfWhatARunTakes) {
    auto graphs = awkward_graphs();
    for (auto &graph :
         {graph::wavelet_denoiser({}), graph::alexnet_denoiser(), graph::defect_segmenter({8, 12, 16}),
          graph::alexnet_autoencoder(graph::AlexNetTap::conv5),
          graph::alexnet_autoencoder(graph::AlexNetTap::conv1),
          graph::alexnet_encoder(graph::InputTransform::mean_std)})
        graphs.push_back(graph);
    auto &module = module_under_test();
    for (const auto &graph : graphs)
        for (const auto precision : {Precision::fp32, Precision::bf16}) {
            if (precision == Precision::bf16 && !mirra::test::has_bf16()) continue;
            const bool flat = graph.name == "flat";
            const std::int64_t height = flat ? 64 : 256, width = flat ? 96 : 352;
            const RandomNetwork network(graph, 7);
            const auto executable = network.compile(precision);
            const auto arena = module.make_arena(0);
            const auto scope = module.enter(arena);
            std::vector<TensorPtr> inputs;
            std::map<std::string, graph::Shape> shapes;
            for (const auto &input : graph.inputs) {
                shapes[input.name] = {1, input.channels, height, width};
                inputs.push_back(module.full(shapes[input.name], 0.5, "cpu"));
            }
            executable->run(inputs);
            EXPECT_LE(arena->peak_bytes(), estimate_memory(graph, shapes, precision).all())
                << graph.name << (precision == Precision::fp32 ? " fp32" : " bf16");
        }
}

TEST(Runtime, TheEstimateIsEnoughForALargeTile) {
    const auto graph = graph::alexnet_autoencoder(graph::AlexNetTap::conv5);
    const RandomNetwork network(graph, 7);
    const auto executable = network.compile(Precision::fp32);
    const graph::Shape shape{1, 3, 1600, 1600}; // here what convolutions hold besides outweighs all slack
    const auto weights = static_cast<std::uint64_t>(graph::parameter_count(graph)) * sizeof(float);
    auto &module = module_under_test();
    const auto arena =
        module.make_arena(estimate_memory(graph, {{"image", shape}}, Precision::fp32).all() - 2 * weights);
    const auto scope = module.enter(arena);
    const std::vector<TensorPtr> inputs{module.full(shape, 0.5, "cpu")};
    EXPECT_NO_THROW(executable->run(inputs));
}

TEST(Runtime, CompiledEqualsThePlainExecutorForEveryArchitecture) {
    for (const auto &graph : {graph::wavelet_denoiser({.channels = {8, 12, 16}, .blocks = {1, 1, 2}}),
                              graph::defect_segmenter({8, 12, 16}), graph::alexnet_denoiser(),
                              graph::alexnet_autoencoder(graph::AlexNetTap::conv5),
                              graph::alexnet_autoencoder(graph::AlexNetTap::conv2),
                              graph::alexnet_autoencoder(graph::AlexNetTap::conv1),
                              graph::alexnet_encoder(graph::InputTransform::mean_std)}) {
        expect_compiled_equals_plain(graph);
    }
}

/// Ends in what runs by kernels of our own: few channels, in phases, to the range of a picture.
graph::Graph picture_graph(std::int64_t colors, bool bias) {
    graph::Builder b("picture-" + std::to_string(colors));
    auto x = b.normalise(b.input("x", colors), std::vector<double>(static_cast<std::size_t>(colors), 0.4),
                         std::vector<double>(static_cast<std::size_t>(colors), 0.25), "n");
    x = b.relu(b.conv2d(x, {.in = colors, .out = colors, .bias = bias}, "c"));
    x = b.conv_transpose2d(x, {.in = colors, .out = colors, .kernel = 4, .stride = 2, .bias = bias}, "t");
    x = b.conv2d(b.relu(b.batch_norm(x, colors, "bn")), {.in = colors, .out = colors, .bias = bias}, "d");
    const auto count = static_cast<std::size_t>(colors);
    b.output("y", b.normalise(b.tanh(x), std::vector<double>(count, -1), std::vector<double>(count, 2), "r"));
    return b.finish();
}

TEST(Runtime, KernelsOfFewChannelsEqualThePlainExecutorAtEverySize) {
    for (const std::int64_t colors : {1, 3, 4, 5})
        for (const bool bias : {false, true}) {
            const RandomNetwork network(picture_graph(colors, bias), 11);
            const auto executable = network.compile(Precision::fp32); // one, whose weights follow the sizes
            for (const auto &[batch, height, width] :
                 {std::array<std::int64_t, 3>{1, 1, 1}, {2, 5, 7}, {1, 64, 8}, {3, 9, 129}, {2, 5, 7}}) {
                const auto inputs = network.inputs(batch, height, width);
                const auto expected = network.plain(inputs)[0], actual = network.run(*executable, inputs)[0];
                ASSERT_EQ(expected.sizes(), actual.sizes());
                EXPECT_LT((expected - actual).abs().max().item<double>(), 2e-6)
                    << colors << " colors, " << batch << " x " << height << " x " << width;
            }
        }
}

TEST(Runtime, ADoublingWithItsConvolutionEqualsThePlainExecutorAtEverySize) {
    for (const std::int64_t outputs : {3, 8, 20})
        for (const bool bias : {false, true}) {
            graph::Builder b("doubled");
            auto x = b.conv2d(b.upsample_nearest(b.input("x", 5), 2), {.in = 5, .out = outputs, .bias = bias},
                              "c");
            b.output("y", b.relu(b.batch_norm(x, outputs, "bn")));
            const RandomNetwork network(b.finish(), 13);
            const auto executable = network.compile(Precision::fp32);
            for (const auto &[batch, height, width] :
                 {std::array<std::int64_t, 3>{1, 1, 1}, {2, 5, 7}, {1, 64, 8}, {3, 9, 129}}) {
                const auto inputs = network.inputs(batch, height, width);
                const auto expected = network.plain(inputs)[0], actual = network.run(*executable, inputs)[0];
                ASSERT_EQ(expected.sizes(), actual.sizes());
                EXPECT_LT((expected - actual).abs().max().item<double>(),
                          1e-5 * std::max(1.0, expected.abs().max().item<double>()))
                    << outputs << " channels, " << batch << " x " << height << " x " << width;
            }
        }
}

/// One convolution of 32 channels of which there is much to do, and what follows it.
graph::Graph wide_convolution(std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                              std::int64_t dilation, std::int64_t groups) {
    graph::Builder b("wide");
    b.output("y", b.relu(b.conv2d(b.input("x", 32), {32, 32, kernel, stride, padding, true}, "c")));
    graph::Graph graph = b.finish();
    for (auto &node : graph.nodes)
        if (node.op == graph::Op::conv2d) {
            node.attributes["dilation"] = dilation;
            node.attributes["groups"] = groups;
        }
    return graph;
}

TEST(Runtime, ConvolutionsInBandsEqualThePlainExecutor) {
    auto &module = module_under_test();
    module.set_threads(2);
    struct Case {
        std::int64_t kernel, stride, padding, dilation, groups;
    };
    for (const auto &[kernel, stride, padding, dilation, groups] : {Case{3, 1, 1, 1, 1},
                                                                    {5, 1, 2, 1, 1},
                                                                    {5, 2, 1, 1, 1},
                                                                    {5, 1, 4, 2, 1},
                                                                    {5, 1, 0, 1, 2},
                                                                    {7, 3, 3, 1, 1},
                                                                    {3, 1, 4, 1, 1},
                                                                    {1, 1, 2, 1, 1},
                                                                    {3, 2, 20, 1, 1}})
        for (const auto precision : {Precision::fp32, Precision::bf16}) {
            if (precision == Precision::bf16 && !mirra::test::has_bf16()) continue;
            const RandomNetwork network(wide_convolution(kernel, stride, padding, dilation, groups), 17);
            const auto executable = network.compile(precision);
            for (const std::int64_t batch : {1, 2}) {
                const auto inputs = network.inputs(batch, 203, 160);
                const auto expected = network.plain(inputs)[0], actual = network.run(*executable, inputs)[0];
                ASSERT_EQ(expected.sizes(), actual.sizes());
                EXPECT_LT((expected - actual).abs().max().item<double>(),
                          precision == Precision::fp32 ? 2e-5 : 0.1)
                    << kernel << ' ' << stride << ' ' << padding << ' ' << dilation << ' ' << groups;
            }
        }
    module.set_threads(0);
}

TEST(Runtime, OneMeanServesAllChannels) {
    graph::Builder b("one-mean");
    b.output("y", b.normalise(b.input("x", 3), {0.4}, {0.25}, "n"));
    expect_compiled_equals_plain(b.finish());
}

TEST(Runtime, KernelsOfFewChannelsStayCloseInBf16) {
    if (!mirra::test::has_bf16()) GTEST_SKIP() << "this processor has no bf16";
    const RandomNetwork network(picture_graph(3, true), 11);
    const auto inputs = network.inputs(2, 10, 14);
    const auto full = network.compiled(inputs, Precision::fp32)[0],
               reduced = network.compiled(inputs, Precision::bf16)[0];
    EXPECT_LT((full - reduced).abs().max().item<double>(), 0.03);
}

TEST(Runtime, OneExecutableServesSizesInParallel) {
    const RandomNetwork network(picture_graph(3, true), 11);
    const auto executable = network.compile(Precision::fp32);
    const auto check = [&](std::int64_t extent) {
        const auto inputs = network.inputs(1, extent, extent);
        const auto expected = network.plain(inputs)[0];
        for (int i = 0; i < 20; ++i)
            EXPECT_LT((expected - network.run(*executable, inputs)[0]).abs().max().item<double>(), 2e-6);
    };
    std::thread other([&] { check(24); });
    check(17);
    other.join();
}

#ifdef MIRRA_TEST_ONEDNN
std::ptrdiff_t threads_of_process() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

TEST(Runtime, AnExecutableUsesAsManyThreadsAsTheRunHas) {
    const RandomNetwork network(picture_graph(3, true), 11);
    const auto executable = network.compile(Precision::fp32);
    const auto inputs = network.inputs(1, 64, 64);
    const auto started = [&](int threads) { // beside the one that runs it
        std::ptrdiff_t more = 0;
        std::thread([&] {
            module_under_test().set_threads(threads);
            const auto before = threads_of_process();
            static_cast<void>(network.run(*executable, inputs));
            more = threads_of_process() - before;
        }).join();
        return more;
    };
    EXPECT_EQ(started(3), 2);
    EXPECT_EQ(started(1), 0);
    EXPECT_EQ(started(3), 2);
}
#endif

TEST(Runtime, InputsAreLeftAlone) {
    const RandomNetwork network(graph::wavelet_denoiser({.channels = {8}, .blocks = {1}}), 3);
    const auto inputs = network.inputs(1, 32, 32);
    const auto before = inputs[0].clone();
    ASSERT_EQ(network.compiled(inputs, Precision::fp32).size(), 1u);
    EXPECT_TRUE(torch::equal(inputs[0], before));
}

TEST(Runtime, Bf16StaysClose) {
    if (!mirra::test::has_bf16()) GTEST_SKIP() << "this processor has no bf16";
    const RandomNetwork network(graph::wavelet_denoiser({.channels = {8, 12}, .blocks = {1, 1}}), 5);
    const auto inputs = network.inputs(2, 48, 32);
    const auto full = network.compiled(inputs, Precision::fp32)[0],
               reduced = network.compiled(inputs, Precision::bf16)[0];
    EXPECT_LT((full - reduced).norm().item<double>(), 0.01 * full.norm().item<double>());
    EXPECT_GT((full - reduced).abs().max().item<double>(), 0) << "bf16 was not used";
}

TEST(Runtime, WrongShapesAndMissingWeightsAreErrors) {
    auto &module = module_under_test();
    const RandomNetwork network(graph::alexnet_denoiser(), 1);
    EXPECT_THAT([&] { static_cast<void>(network.compiled(network.inputs(1, 300, 420), Precision::fp32)); },
                mirra::test::throws_error(ErrorCode::mismatch, ""));
    const auto none = [](const std::string &name) -> Weight {
        throw Error(ErrorCode::not_found, "no weight", name);
    };
    EXPECT_THAT([&] { static_cast<void>(module.compile(graph::alexnet_denoiser(), none, {})); },
                mirra::test::throws_error(ErrorCode::not_found, "no weight"));
    EXPECT_THAT(
        [&] { static_cast<void>(module.compile(graph::alexnet_denoiser(), none, {.device = "tpu"})); },
        mirra::test::throws_error(ErrorCode::invalid_argument, "unknown device 'tpu'"));
}

TEST(Runtime, UploadAndDownloadKeepTheLayout) {
    auto &module = module_under_test();
    const std::vector<float> nhwc{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    const auto tensor = module.upload(nhwc, {1, 3, 2, 2}, Layout::nhwc, "cpu");
    std::vector<float> nchw(12), back(12);
    module.download(*tensor, nchw, Layout::nchw);
    EXPECT_EQ(nchw, (std::vector<float>{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}));
    module.download(*tensor, back, Layout::nhwc);
    EXPECT_EQ(back, nhwc);
    EXPECT_THAT([&] { static_cast<void>(module.upload(nhwc, {1, 3, 2, 3}, Layout::nhwc, "cpu")); },
                mirra::test::throws_error(ErrorCode::mismatch, "the tensor has 18 values, the buffer 12"));
}

TEST(Runtime, ValuesWrittenInPlaceAreThoseOfAnUpload) {
    auto &module = module_under_test();
    const graph::Shape shape{2, 3, 4, 5};
    std::vector<float> values(2 * 3 * 4 * 5);
    std::iota(values.begin(), values.end(), 0.5F);
    for (const Layout layout : {Layout::nchw, Layout::nhwc}) {
        const auto fill = [&](std::span<float> out) { std::ranges::copy(values, out.begin()); };
        const auto written = module.upload(fill, shape, layout, "cpu");
        const auto copied = module.upload(values, shape, layout, "cpu");
        std::vector<float> one(values.size()), other(values.size());
        module.download(*written, one, Layout::nchw);
        module.download(*copied, other, Layout::nchw);
        EXPECT_EQ(other, one);
        EXPECT_EQ(module.map(*copied).strides, module.map(*written).strides)
            << "kernels choose by the layout";
    }
    const auto fails = [](std::span<float>) { throw Error(ErrorCode::cancelled, "stop"); };
    try {
        module.upload(fails, shape, Layout::nhwc, "cpu");
        FAIL() << "made";
    } catch (const Error &error) {
        EXPECT_EQ(ErrorCode::cancelled, error.code());
    }
}

TEST(Arena, CountsKeepsToItsLimitAndOutlivesTheScope) {
    auto &module = module_under_test();
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

#ifndef MIRRA_TEST_ONEDNN // whose arena does not count what it keeps
TEST(Arena, KeepsNothingOnceItsOwnerIsGone) {
    auto &module = module_under_test();
    auto arena = module.make_arena(0);
    TensorPtr kept;
    {
        const auto scope = module.enter(arena);
        kept = module.full({1}, 1.0, "cpu");
        module.full({1, 1, 1024, 1024}, 1.0, "cpu");
    }
    const auto *watched = arena.get(); // lives on in the block of the tensor
    EXPECT_GE(watched->current_bytes(), 4u << 20);
    arena.reset();
    EXPECT_LT(watched->current_bytes(), 1u << 20);
}
#endif

TEST(Arena, ReusesBlocks) {
    auto &module = module_under_test();
    const auto arena = module.make_arena(0);
    const auto scope = module.enter(arena);
    for (int i = 0; i < 50; ++i) module.full({1, 16, 128, 128}, i, "cpu");
    EXPECT_LT(arena->peak_bytes(), 4u << 20);
}

TEST(Arena, ThatMayHoldEnoughAsksTheSystemForNothing) {
    auto &module = module_under_test();
    constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
    const auto arena = module.make_arena(0, 28 * kMiB);
    const auto faults_of_a_run = [&](std::uint64_t hold) {
        arena->begin(hold);
        const auto scope = module.enter(arena);
        const auto faults = [] {
            rusage usage{};
            getrusage(RUSAGE_SELF, &usage);
            return usage.ru_minflt;
        };
        const auto before = faults();
        for (const std::int64_t mebibytes : {20, 28, 24, 20})
            module.full({1, mebibytes, 512, 512}, 1.0, "cpu");
        return faults() - before;
    };
    faults_of_a_run(0);
    EXPECT_GT(faults_of_a_run(0), 20) << "one that holds no more than it needed at once";
    faults_of_a_run(128 * kMiB);
    EXPECT_LT(faults_of_a_run(128 * kMiB), 8);
    EXPECT_LE(arena->idle_bytes(), 128 * kMiB);
}

TEST(Devices, TheCpuIsThereAndSaysWhatItCan) {
    const auto devices = module_under_test().devices();
    ASSERT_FALSE(devices.empty());
    EXPECT_EQ(devices[0].id, "cpu");
    EXPECT_TRUE(devices[0].usable);
    EXPECT_GT(devices[0].memory, 0u);
    for (const auto &device : devices) EXPECT_TRUE(device.usable || !device.reason.empty()) << device.id;
}

} // namespace
