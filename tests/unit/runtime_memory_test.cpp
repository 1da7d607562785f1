// What random graphs really take, against the estimate: every allocation of the process counts.
#include "allocation_meter.hpp"
#include "mirra/error.hpp"
#include "mirra/tiling.hpp"
#include "random_graphs.hpp"
#include "runtime_support.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace {

using namespace mirra;
using namespace mirra::runtime;
using test::RandomNetwork;

struct Size {
    std::int64_t height, width;
};
/// What a session adds for what no graph tells of.
constexpr std::uint64_t kSlack = std::uint64_t{24} << 20;
constexpr Size kLargest{96, 128};
constexpr Size kSizes[] = {kLargest, {64, 128}, kLargest};

/// More of them for a longer look: MIRRA_TEST_SEEDS=500.
std::uint64_t seeds(std::uint64_t usual) {
    const char *text = std::getenv("MIRRA_TEST_SEEDS");
    return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

std::map<std::string, graph::Shape> shapes_of(const graph::Graph &graph, std::int64_t height,
                                              std::int64_t width) {
    std::map<std::string, graph::Shape> shapes;
    for (const auto &input : graph.inputs) shapes[input.name] = {1, input.channels, height, width};
    return shapes;
}

std::vector<TensorPtr> inputs_of(const graph::Graph &graph, std::int64_t height, std::int64_t width) {
    std::vector<TensorPtr> inputs;
    for (const auto &input : graph.inputs)
        inputs.push_back(module_under_test().full({1, input.channels, height, width}, 0.5, "cpu"));
    return inputs;
}

graph::Graph random_graph(std::uint64_t seed, std::size_t nodes) {
    test::Dice dice(seed);
    return test::random_graph(dice, {.nodes = nodes, .height = kLargest.height, .width = kLargest.width});
}

/// What is made once in a process, and the threads.
void warm_up() {
    const RandomNetwork network(random_graph(1, 20), 1);
    const auto executable = network.compile(Precision::fp32);
    executable->run(inputs_of(network.graph(), kLargest.height, kLargest.width));
}

/// Bytes that compiling and running at each size adds at most.
template<class Compile, class Run> std::uint64_t growth(const Compile &compile, const Run &run) {
    test::reset_peak();
    const auto before = test::allocated_bytes();
    const auto compiled = compile();
    run(*compiled);
    return test::allocated_peak() - before;
}

std::uint64_t estimate(const graph::Graph &graph, Precision precision) {
    std::uint64_t bytes = 0;
    for (const auto &[height, width] : kSizes) {
        try {
            bytes = std::max(bytes, estimate_memory(graph, shapes_of(graph, height, width), precision).all());
        } catch (const Error &) { // too small for the graph
        }
    }
    return bytes;
}

void expect_within(const graph::Graph &graph, Precision precision, std::uint64_t seed) {
    const RandomNetwork network(graph, seed);
    const auto bound = estimate(graph, precision);
    const auto planned = bound - compiled_bytes(graph, precision, false).all();
    const auto arena = module_under_test().make_arena(0, planned);
    const auto taken = growth([&] { return network.compile(precision); },
                              [&](Executable &executable) {
                                  const auto scope = module_under_test().enter(arena);
                                  for (const auto &[height, width] : kSizes) {
                                      try {
                                          executable.run(inputs_of(graph, height, width));
                                      } catch (const Error &error) {
                                          EXPECT_EQ(error.code(), ErrorCode::mismatch) << error.what();
                                      }
                                  }
                              });
    EXPECT_LE(taken, bound + kSlack) << "seed " << seed << (precision == Precision::fp32 ? " fp32" : " bf16");
    EXPECT_LE(arena->peak_bytes(), planned) << "seed " << seed;
    if (std::getenv("MIRRA_TEST_TELL") != nullptr)
        std::printf("seed %3lu %s nodes %3zu taken %6.1f MB of %6.1f, arena %6.1f of %6.1f\n",
                    static_cast<unsigned long>(seed), precision == Precision::fp32 ? "fp32" : "bf16",
                    graph.nodes.size(), static_cast<double>(taken) / 1e6, static_cast<double>(bound) / 1e6,
                    static_cast<double>(arena->peak_bytes()) / 1e6, static_cast<double>(planned) / 1e6);
}

TEST(Memory, RandomGraphsTakeNoMoreThanIsEstimated) {
    warm_up();
    for (std::uint64_t seed = 1; seed <= seeds(8); ++seed) {
        const auto graph = random_graph(seed, 8 + seed % 5 * 12);
        expect_within(graph, Precision::fp32, seed);
        if (test::has_bf16()) expect_within(graph, Precision::bf16, seed);
    }
}

TEST(Memory, RandomGradientsTakeNoMoreThanIsEstimated) {
    warm_up();
    for (std::uint64_t seed = 1; seed <= seeds(6); ++seed) {
        const auto graph = random_graph(seed, 8 + seed % 4 * 8);
        const RandomNetwork network(graph, seed);
        const auto bound =
            estimate_memory(graph, shapes_of(graph, kLargest.height, kLargest.width), Precision::fp32, true)
                .all();
        const auto arena =
            module_under_test().make_arena(0, bound - compiled_bytes(graph, Precision::fp32, true).all());
        const auto taken =
            growth([&] { return network.compile_gradient(); },
                   [&](Differentiable &differentiable) {
                       const auto scope = module_under_test().enter(arena);
                       differentiable.gradient(inputs_of(graph, kLargest.height, kLargest.width), 0, 0,
                                               [](const TensorPtr &output) { return output; });
                   });
        EXPECT_LE(taken, bound) << "seed " << seed;
        if (std::getenv("MIRRA_TEST_TELL") != nullptr)
            std::printf("seed %3lu gradient nodes %3zu taken %6.1f MB of %6.1f\n",
                        static_cast<unsigned long>(seed), graph.nodes.size(),
                        static_cast<double>(taken) / 1e6, static_cast<double>(bound) / 1e6);
    }
}

/// A convolution of one weight, so often.
graph::Graph shared_weight(int times, std::int64_t channels) {
    graph::Graph graph{.name = "shared", .inputs = {{"image", 3}}, .nodes = {}, .outputs = {}};
    const auto add = [&](std::string name, std::int64_t in, std::int64_t out, const std::string &weight) {
        graph::Node node;
        node.name = std::move(name);
        node.op = graph::Op::conv2d;
        node.inputs = {graph.nodes.empty() ? "image" : graph.nodes.back().name};
        node.attributes = {{"in_channels", in},
                           {"out_channels", out},
                           {"kernel", std::int64_t{3}},
                           {"padding", std::int64_t{1}}};
        node.weights["weight"] = weight;
        graph.nodes.push_back(std::move(node));
    };
    add("first", 3, channels, "a");
    for (int i = 0; i < times; ++i) add(std::string("c").append(std::to_string(i)), channels, channels, "w");
    add("last", channels, 3, "z");
    graph.outputs = {{"image", "last"}};
    return graph;
}

TEST(Memory, AWeightThatManyNodesHaveInCommonIsOneInMemory) {
    warm_up();
    const auto graph = shared_weight(40, 256); // 2.4 MB: 94 MB a time for each
    const RandomNetwork network(graph, 3);
    const auto taken = growth([&] { return network.compile(Precision::fp32); },
                              [&](Executable &executable) { executable.run(inputs_of(graph, 16, 16)); });
    const auto bound = compiled_bytes(graph, Precision::fp32, false).all();
    EXPECT_LT(bound, std::uint64_t{32} << 20);
    EXPECT_LE(taken, bound + (std::uint64_t{4} << 20));
    EXPECT_LT(compiled_bytes(graph, Precision::fp32, true).all(), std::uint64_t{64} << 20);
}

} // namespace
