// The tile planner and the lowered program.
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "mirra/tiling.hpp"
#include "runtime/plan/program.hpp"
#include "throws.hpp"

#include <gtest/gtest.h>

namespace {

using namespace mirra;
using namespace mirra::runtime;

/// Each pixel of the image lies in exactly one core, each core in its input with its halo or at the image's
/// edge.
void expect_covers(const TilePlan &plan, std::int64_t width, std::int64_t height) {
    std::vector<int> hits(static_cast<std::size_t>(width * height), 0);
    for (const auto &[core, input] : plan.tiles) {
        for (auto y = core.y; y < core.y + core.height; ++y)
            for (auto x = core.x; x < core.x + core.width; ++x)
                ++hits[static_cast<std::size_t>(y * width + x)];
        EXPECT_EQ(input.x % plan.alignment, 0);
        EXPECT_EQ(input.width % plan.alignment, 0);
        EXPECT_EQ(input.height % plan.alignment, 0);
        EXPECT_TRUE(input.x == 0 || core.x - input.x >= plan.halo.left);
        EXPECT_TRUE(input.y == 0 || core.y - input.y >= plan.halo.top);
        EXPECT_TRUE(input.x + input.width >= width ||
                    input.x + input.width - core.x - core.width >= plan.halo.right);
        EXPECT_TRUE(input.y + input.height >= height ||
                    input.y + input.height - core.y - core.height >= plan.halo.bottom);
    }
    for (const int count : hits) ASSERT_EQ(count, 1);
}

TEST(Tiling, SmallImagesAreOneTile) {
    const auto graph = graph::wavelet_denoiser({});
    for (const std::int64_t width : {1, 7, 8, 9, 321})
        for (const std::int64_t height : {1, 8, 481}) {
            const auto plan = plan_tiles(graph, width, height, {});
            EXPECT_EQ(plan.tiles.size(), 1u);
            expect_covers(plan, width, height);
        }
}

TEST(Tiling, ABudgetCutsTheImageAndIsKept) {
    const auto graph = graph::wavelet_denoiser({});
    for (const std::uint64_t megabytes : {100, 120, 180}) {
        const auto plan = plan_tiles(graph, 1021, 767, {.budget = megabytes << 20});
        EXPECT_GT(plan.tiles.size(), 1u) << megabytes;
        EXPECT_LE(plan.peak_bytes, megabytes << 20);
        expect_covers(plan, 1021, 767);
    }
}

TEST(Tiling, TooSmallABudgetNamesTheBytesNeeded) {
    try {
        plan_tiles(graph::wavelet_denoiser({}), 512, 512, {.budget = 1 << 20});
        FAIL() << "a budget of 1 MiB was accepted";
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::budget);
        EXPECT_NE(std::string(error.what()).find("1048576"), std::string::npos) << error.what();
    }
}

TEST(Tiling, TheLargestTileIsRespected) {
    const auto plan = plan_tiles(graph::wavelet_denoiser({}), 1000, 1000, {.largest_tile = 400});
    EXPECT_LE(plan.input_width, 400);
    EXPECT_LE(plan.input_height, 400);
    expect_covers(plan, 1000, 1000);
}

TEST(Tiling, AnAbsurdImageIsAnErrorAtOnce) {
    const auto graph = graph::wavelet_denoiser({.channels = {8}, .blocks = {1}});
    try {
        plan_tiles(graph, INT32_MAX, INT32_MAX, {.largest_tile = 64});
        ADD_FAILURE();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::limit);
    }
}

TEST(Tiling, ASideBeyondWhatATensorMayHaveIsTiled) {
    const auto graph = graph::wavelet_denoiser({.channels = {8}, .blocks = {1}});
    const std::int64_t width = (std::int64_t{1} << 20) + 40;
    const auto plan = plan_tiles(graph, width, 16, {});
    EXPECT_GT(plan.tiles.size(), 1u);
    EXPECT_EQ(plan.tiles.back().core.x + plan.tiles.back().core.width, width);
}

TEST(Tiling, AnEmptyImageIsAnError) {
    EXPECT_THAT([&] { static_cast<void>(plan_tiles(graph::wavelet_denoiser({}), 0, 5, {})); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "the image is empty"));
}

TEST(Tiling, PaperDenoiserKeepsItsMinimum) {
    const auto plan = plan_tiles(graph::alexnet_denoiser(), 5, 3, {});
    EXPECT_EQ(plan.alignment, 32);
    EXPECT_EQ(plan.input_width, 64);
    EXPECT_EQ(plan.input_height, 64);
    expect_covers(plan_tiles(graph::alexnet_denoiser(), 1500, 900, {.budget = 500u << 20}), 1500, 900);
}

TEST(Program, FusesBatchNormAdditionAndReLU) {
    graph::Builder b("fuse");
    const auto x = b.input("x", 4);
    const auto a = b.relu(b.batch_norm(b.conv2d(x, {.in = 4, .out = 4}, "c1"), 4, "bn"), "r");
    b.output("y", b.add(a, b.conv2d(a, {.in = 4, .out = 4}, "c2"), "sum"));
    const auto program = lower(b.finish());
    ASSERT_EQ(program.steps.size(), 2u);
    EXPECT_TRUE(program.steps[0].batch_norm && program.steps[0].relu);
    EXPECT_EQ(program.steps[0].result, "r");
    EXPECT_EQ(program.steps[1].addend, "r");
    EXPECT_EQ(program.steps[1].result, "sum");
}

TEST(Program, FusesAFunctionOfEachValueWhereThereIsNoWayBack) {
    for (const bool added : {false, true}) {
        graph::Builder b("curve");
        const auto x = b.input("x", 3);
        const auto c = b.conv2d(x, {.in = 3, .out = 3}, "c");
        b.output("y", b.leaky_relu(added ? b.add(c, x) : c, 0.2, "l"));
        const auto graph = b.finish();
        const auto program = lower(graph);
        ASSERT_EQ(program.steps.size(), added ? 2u : 1u);
        EXPECT_EQ(program.steps[0].curve.has_value(), !added);
        EXPECT_EQ(program.steps.back().result, "l");
        EXPECT_EQ(kernel_of(graph.nodes[0], program.steps[0], Precision::fp32), Kernel::general);
        EXPECT_EQ(lower(graph, true).steps.size(), 2u);
    }
}

/// A convolution behind an enlargement by nearest neighbour, then batch norm and ReLU.
graph::Graph enlarged(std::int64_t factor, std::int64_t kernel, bool kept) {
    graph::Builder b("enlarged");
    const auto u = b.upsample_nearest(b.input("x", 4), factor, "u");
    if (kept) b.output("enlarged", u);
    const auto c = b.conv2d(u, {.in = 4, .out = 6, .kernel = kernel, .padding = kernel / 2}, "c");
    b.output("y", b.relu(b.batch_norm(c, 6, "bn"), "r"));
    return b.finish();
}

TEST(Program, AConvolutionOfADoubledValueIsATransposedOne) {
    const auto graph = enlarged(2, 3, false);
    const auto program = lower(graph);
    ASSERT_EQ(program.steps.size(), 1U);
    const auto &step = program.steps[0];
    EXPECT_TRUE(step.doubled && step.batch_norm && step.relu);
    EXPECT_EQ(step.inputs, std::vector<std::string>{"x"});
    const auto node = kernel_node(graph, step);
    EXPECT_EQ(node.op, graph::Op::conv_transpose2d);
    EXPECT_EQ(node.inputs, step.inputs);
    EXPECT_EQ(lower(enlarged(3, 3, false)).steps.size(), 2U) << "another factor";
    EXPECT_EQ(lower(enlarged(2, 5, false)).steps.size(), 2U) << "another kernel";
    EXPECT_EQ(lower(enlarged(2, 3, true)).steps.size(), 2U) << "the enlarged value is an output";
}

/// @param kept  whether somebody else wants the convolution's result
Program lowered_range(double deviation, bool kept) {
    graph::Builder b("range");
    const auto c = b.conv2d(b.input("x", 3), {.in = 3, .out = 3}, "c");
    if (kept) b.output("features", c);
    b.output("y", b.normalise(b.tanh(c, "t"), {-1, -1, -1}, {2, 2, deviation}, "r"));
    return lower(b.finish());
}

TEST(Program, TheRangeOfAPictureIsOneSigmoid) {
    const auto program = lowered_range(2, false);
    ASSERT_EQ(program.steps.size(), 2u);
    EXPECT_EQ(program.steps[0].gain, 2);
    EXPECT_TRUE(program.steps[1].image_range);
    EXPECT_EQ(program.steps[1].result, "r");
    EXPECT_EQ(lowered_range(1, false).steps.size(), 3u) << "another range";
    EXPECT_EQ(lowered_range(2, true).steps.size(), 3u) << "the undoubled value is an output";
}

TEST(Program, DoesNotFuseAValueThatIsReadTwiceOrIsAnOutput) {
    graph::Builder b("keep");
    const auto x = b.input("x", 4);
    const auto c = b.conv2d(x, {.in = 4, .out = 4}, "c");
    b.output("features", c);
    b.output("y", b.relu(c, "r"));
    EXPECT_EQ(lower(b.finish()).steps.size(), 2u);
}

TEST(Tiling, ANetworkThatSeesTheWholePictureIsNotCut) {
    graph::Builder b("gated");
    const auto x = b.conv2d(b.input("image", 3), {.in = 3, .out = 3}, "c");
    b.output("image", b.add(x, b.global_avg_pool(x)));
    const auto graph = b.finish();
    const auto plan = plan_tiles(graph, 3000, 2000, {.largest_tile = 64});
    ASSERT_EQ(plan.tiles.size(), 1u);
    EXPECT_EQ(plan.tiles[0].core, (Rect{0, 0, 3000, 2000}));
    EXPECT_THAT([&] { static_cast<void>(plan_tiles(graph, 3000, 2000, {.budget = 64u << 20})); },
                mirra::test::throws_error(ErrorCode::budget, "the smallest tile needs"));
}

TEST(Tiling, AWholeImageIsOneTileOrAnErrorThatNamesTheBytes) {
    const auto graph = graph::alexnet_autoencoder(graph::AlexNetTap::conv1);
    const auto plan = plan_tiles(graph, 3000, 2000, {.largest_tile = 64, .whole = true});
    ASSERT_EQ(plan.tiles.size(), 1u);
    EXPECT_EQ(plan.tiles[0].core, (Rect{0, 0, 3000, 2000}));
    const auto needed = smallest_budget(graph, 3000, 2000, {.whole = true});
    EXPECT_GT(needed, smallest_budget(graph, 3000, 2000, {}));
    EXPECT_EQ(plan_tiles(graph, 3000, 2000, {.budget = needed, .whole = true}).tiles.size(), 1u);
    EXPECT_THAT(
        [&] { static_cast<void>(plan_tiles(graph, 3000, 2000, {.budget = needed - 1, .whole = true})); },
        mirra::test::throws_error(ErrorCode::budget, "the smallest tile needs"));
}

TEST(Tiling, TilesSuitEveryGraphThatTheyGoThrough) {
    const auto graph = graph::alexnet_autoencoder(graph::AlexNetTap::conv1);
    const auto encoder = graph::alexnet_encoder(graph::InputTransform::none);
    const auto alone = plan_tiles(graph, 5, 3, {}), both = plan_tiles(graph, 5, 3, {.others = {{&encoder}}});
    EXPECT_LT(alone.padded_width, graph::minimum_extent(encoder));
    EXPECT_EQ(both.alignment, 32);
    EXPECT_EQ(both.padded_width, graph::minimum_extent(encoder));
    EXPECT_EQ(both.padded_height, both.input_height);
    const auto slopes = plan_tiles(graph, 500, 300, {.others = {{&encoder, true}}});
    EXPECT_GE(slopes.peak_bytes,
              estimate_memory(encoder, {{"image", {1, 3, 320, 512}}}, Precision::fp32, true).all());
}

TEST(Tiling, GraphsWithoutACommonGridAreRefused) {
    std::vector<graph::Graph> graphs;
    for (const std::int64_t stride : {61, 59, 53, 47}) {
        graph::Builder builder("strided");
        const auto x = builder.input("image", 3);
        builder.output(
            "y",
            builder.conv2d(x, {.in = 3, .out = 1, .kernel = stride, .stride = stride, .padding = 0}, "conv"));
        graphs.push_back(builder.finish());
    }
    TilingOptions options;
    options.others = {{&graphs[1]}, {&graphs[2]}};
    EXPECT_EQ(plan_tiles(graphs[0], 64, 64, options).alignment, 61 * 59 * 53);
    options.others.push_back({&graphs[3]});
    EXPECT_THAT([&] { static_cast<void>(plan_tiles(graphs[0], 64, 64, options)); },
                mirra::test::throws_error(ErrorCode::mismatch, "no grid of pixels"));
}

/// As deep as a graph may be; its weights are one.
graph::Graph deepest_graph() {
    graph::Graph graph{.name = "deep", .inputs = {{"image", 3}}, .nodes = {}, .outputs = {{"image", ""}}};
    for (std::size_t i = 0; i < graph::Limits::kNodes; ++i) {
        graph::Node node;
        node.name = "n" + std::to_string(i);
        node.op = graph::Op::conv2d;
        node.inputs = {i == 0 ? "image" : graph.nodes.back().name};
        node.attributes = {
            {"in_channels", std::int64_t{3}}, {"out_channels", std::int64_t{3}}, {"kernel", std::int64_t{1}}};
        node.weights["weight"] = "w";
        graph.nodes.push_back(std::move(node));
    }
    graph.outputs.front().source = graph.nodes.back().name;
    graph::validate(graph);
    return graph;
}

TEST(Tiling, TheDeepestGraphIsPlannedInAFewLooks) {
    const auto graph = deepest_graph();
    int looks = 0;
    const TilingOptions options{.budget = std::uint64_t{300} << 20, .look = [&] { ++looks; }};
    const auto plan = plan_tiles(graph, 30000, 20000, options);
    EXPECT_GT(plan.tiles.size(), 10U);
    EXPECT_LE(plan.peak_bytes, options.budget);
    EXPECT_EQ(plan.peak_bytes,
              plan.tensor_bytes + plan.weight_bytes +
                  options.extra_per_pixel * static_cast<std::uint64_t>(plan.input_width * plan.input_height));
    EXPECT_GT(looks, 10) << "each is a size that was tried";
    EXPECT_LT(looks, 300);
}

TEST(Tiling, PlanningEndsWhereItLooks) {
    const auto graph = deepest_graph();
    for (const int after : {0, 3, 20}) {
        int looks = 0;
        const auto stop = [&] {
            if (looks++ == after) throw Error(ErrorCode::cancelled, "stop");
        };
        try {
            plan_tiles(graph, 30000, 20000, {.budget = std::uint64_t{300} << 20, .look = stop});
            FAIL() << "not stopped";
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), ErrorCode::cancelled);
            EXPECT_EQ(looks, after + 1);
        }
    }
}

TEST(Tiling, AWeightCountsOnceHoweverManyNodesHaveIt) {
    const auto shared = [](std::size_t times, bool own) {
        graph::Builder b("shared");
        auto x = b.input("image", 64);
        for (std::size_t i = 0; i < times; ++i)
            x = b.conv2d(x, {.in = 64, .out = 64}, "c" + std::to_string(i));
        b.output("y", x);
        auto graph = b.finish();
        if (!own)
            for (auto &node : graph.nodes) node.weights["weight"] = "w";
        return compiled_bytes(graph, Precision::fp32, false).all();
    };
    constexpr std::uint64_t kWeight = 64 * 64 * 9 * sizeof(float), kStep = 16384;
    EXPECT_GT(shared(1, false), 2 * kWeight) << "plain and packed";
    EXPECT_LT(shared(100, false), shared(1, false) + 4 * kWeight + 100 * kStep);
    EXPECT_GT(shared(100, true), 200 * kWeight);
}

TEST(Tiling, FoldedNormsMakeWeightsOfTheirOwn) {
    const auto bytes = [](bool one_norm) {
        graph::Builder b("folded");
        auto x = b.input("image", 64);
        for (int i = 0; i < 50; ++i)
            x = b.relu(b.batch_norm(b.conv2d(x, {.in = 64, .out = 64}, "c" + std::to_string(i)), 64,
                                    "b" + std::to_string(i)));
        b.output("y", x);
        auto graph = b.finish();
        for (auto &node : graph.nodes)
            for (auto &[role, name] : node.weights)
                if (node.op == graph::Op::conv2d || one_norm)
                    name = role + std::to_string(static_cast<int>(node.op));
        return compiled_bytes(graph, Precision::fp32, false).all();
    };
    constexpr std::uint64_t kWeight = 64 * 64 * 9 * sizeof(float);
    EXPECT_GT(bytes(false), 100 * kWeight);
    EXPECT_LT(bytes(true), 20 * kWeight);
}

} // namespace
