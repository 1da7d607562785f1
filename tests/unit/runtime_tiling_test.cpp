// A tiled run equals the untiled run, and its memory stays within the plan.
#include "mirra/architectures.hpp"
#include "mirra/tiling.hpp"
#include "runtime_support.hpp"

#include <gtest/gtest.h>

namespace {

using namespace mirra;
using namespace mirra::runtime;
using test::RandomNetwork;

/// The rectangle of an image with its edges replicated beyond.
torch::Tensor cut(const torch::Tensor &image, const Rect &rect) {
    const auto indices = [](std::int64_t begin, std::int64_t count, std::int64_t size) {
        return (torch::arange(count) + begin).clamp(0, size - 1);
    };
    return image.index_select(2, indices(rect.y, rect.height, image.size(2)))
        .index_select(3, indices(rect.x, rect.width, image.size(3)))
        .contiguous();
}

torch::Tensor run_tiled(const RandomNetwork &network, const std::vector<torch::Tensor> &images,
                        const TilePlan &plan, std::uint64_t limit = 0, std::uint64_t *peak = nullptr) {
    auto &module = module_under_test();
    const auto executable = network.compile(Precision::fp32);
    const auto arena = module.make_arena(limit);
    torch::Tensor out;
    for (const auto &tile : plan.tiles) {
        const auto scope = module.enter(arena);
        std::vector<TensorPtr> inputs;
        for (const auto &image : images) {
            const auto piece = cut(image, tile.input);
            inputs.push_back(
                module.upload({piece.const_data_ptr<float>(), static_cast<std::size_t>(piece.numel())},
                              piece.sizes().vec(), Layout::nchw, "cpu"));
        }
        const auto result = executable->run(inputs).front();
        auto values = torch::empty(result->shape());
        module.download(*result, {values.mutable_data_ptr<float>(), static_cast<std::size_t>(values.numel())},
                        Layout::nchw);
        const auto factor = values.size(3) / tile.input.width; // of a graph that enlarges
        if (!out.defined())
            out = torch::zeros({1, values.size(1), images[0].size(2) * factor, images[0].size(3) * factor});
        const auto part = [&](const torch::Tensor &of, std::int64_t y, std::int64_t x) {
            return of.narrow(2, y * factor, tile.core.height * factor)
                .narrow(3, x * factor, tile.core.width * factor);
        };
        part(out, tile.core.y, tile.core.x)
            .copy_(part(values, tile.core.y - tile.input.y, tile.core.x - tile.input.x));
    }
    if (peak) *peak = arena->peak_bytes();
    return out;
}

void expect_equal(const RandomNetwork &network, std::int64_t height, std::int64_t width, std::int64_t tile) {
    const auto images = network.inputs(1, height, width);
    const auto whole = plan_tiles(network.graph(), width, height, {});
    const auto cut_up = plan_tiles(network.graph(), width, height, {.largest_tile = tile});
    ASSERT_EQ(whole.tiles.size(), 1u);
    const auto difference =
        (run_tiled(network, images, whole) - run_tiled(network, images, cut_up)).abs().max().item<double>();
    EXPECT_LT(difference, 1e-5) << width << "x" << height << " in " << cut_up.tiles.size() << " tiles";
}

TEST(TiledRun, EqualsUntiledOverOddSizes) {
    const RandomNetwork network(graph::wavelet_denoiser({.channels = {8, 12, 16}, .blocks = {1, 1, 2}}), 11);
    for (const auto &[height, width] :
         {std::pair<std::int64_t, std::int64_t>{1, 1}, {1, 300}, {333, 7}, {255, 257}, {401, 523}})
        expect_equal(network, height, width, 256);
}

TEST(TiledRun, EqualsUntiledOnALargeImage) {
    const RandomNetwork network(graph::wavelet_denoiser({.channels = {4, 6, 8}, .blocks = {1, 1, 1}}), 12);
    expect_equal(network, 1536, 2040, 640);
}

TEST(TiledRun, EqualsUntiledForThePapersNetworks) {
    expect_equal(RandomNetwork(graph::alexnet_denoiser(), 13), 600, 1100, 960);
    expect_equal(RandomNetwork(graph::alexnet_autoencoder(graph::AlexNetTap::conv1), 14), 300, 420, 256);
    expect_equal(RandomNetwork(graph::alexnet_autoencoder(graph::AlexNetTap::conv5), 15), 500, 1100, 960);
}

/// A padding makes up the edge of a tile that a crop has taken: such pixels are no part of a result.
TEST(TiledRun, EqualsUntiledBehindCropsAndPaddings) {
    for (const auto &[gone, kernel] : {std::pair<std::int64_t, std::int64_t>{3, 1}, {5, 3}, {1, 5}}) {
        graph::Builder b("cropped");
        const auto half =
            b.conv2d(b.input("image", 3), {.in = 3, .out = 4, .kernel = 2, .stride = 2}, "half");
        const auto cropped = b.crop(half, gone, 0, gone, gone, "crop");
        const auto padded = b.reflection_pad(cropped, gone, 0, gone, gone, "pad");
        const auto seen =
            b.conv2d(padded, {.in = 4, .out = 3, .kernel = kernel, .padding = kernel / 2}, "seen");
        b.output("image", b.upsample_nearest(seen, 2, "whole"));
        expect_equal(RandomNetwork(b.finish(), 16), 201, 333, 64);
    }
}

/// As super-resolution does: the network's own pixels upon the picture's, interpolated.
graph::Graph enlarging(std::int64_t factor) {
    const auto integer = [](std::int64_t value) { return graph::Attribute(value); };
    graph::Graph graph{
        .name = "enlarging", .inputs = {{"image", 3}}, .nodes = {}, .outputs = {{"image", "sum"}}};
    const auto add = [&](const char *name, graph::Op op, std::vector<std::string> inputs,
                         std::map<std::string, graph::Attribute> attributes) {
        graph::Node node{name, op, std::move(inputs), std::move(attributes), {}};
        for (const auto &info : graph::op_info(op).weights)
            node.weights[std::string(info.role)] = std::string(name).append(".").append(info.role);
        graph.nodes.push_back(std::move(node));
    };
    const auto conv = [&](std::int64_t in, std::int64_t out) {
        return std::map<std::string, graph::Attribute>{{"in_channels", integer(in)},
                                                       {"out_channels", integer(out)},
                                                       {"kernel", integer(3)},
                                                       {"padding", integer(1)}};
    };
    const std::map<std::string, graph::Attribute> by{{"factor", integer(factor)}};
    add("first", graph::Op::conv2d, {"image"}, conv(3, 16));
    add("norm", graph::Op::layer_norm, {"first"}, {{"channels", integer(16)}});
    add("bent", graph::Op::prelu, {"norm"}, {{"channels", integer(16)}});
    add("gate", graph::Op::conv2d, {"bent"}, conv(16, 1));
    add("gated", graph::Op::multiply, {"bent", "gate"}, {});
    add("pixels", graph::Op::conv2d, {"gated"}, conv(16, 4 * factor * factor));
    add("large", graph::Op::pixel_shuffle, {"pixels"}, by);
    add("last", graph::Op::conv2d, {"large"}, conv(4, 3));
    add("plain", graph::Op::upsample_bilinear, {"image"}, by);
    add("sum", graph::Op::add, {"plain", "last"}, {});
    return graph;
}

TEST(TiledRun, EqualsUntiledWhereAGraphEnlarges) {
    for (const std::int64_t factor : {1, 2, 3, 4}) {
        const RandomNetwork network(enlarging(factor), 17);
        for (const auto &[height, width] :
             {std::pair<std::int64_t, std::int64_t>{1, 1}, {3, 100}, {133, 171}}) {
            const auto images = network.inputs(1, height, width);
            const auto whole = run_tiled(network, images, plan_tiles(network.graph(), width, height, {}));
            const auto plan = plan_tiles(network.graph(), width, height, {.largest_tile = 48});
            EXPECT_EQ(whole.size(2), height * factor);
            EXPECT_LT((whole - run_tiled(network, images, plan)).abs().max().item<double>(), 1e-5)
                << factor << " times " << width << "x" << height << " in " << plan.tiles.size() << " tiles";
        }
    }
}

TEST(TiledRun, MemoryStaysWithinThePlan) {
    const RandomNetwork network(graph::wavelet_denoiser({}), 16);
    for (const std::uint64_t megabytes : {100, 200}) {
        const auto plan = plan_tiles(network.graph(), 700, 500, {.budget = megabytes << 20});
        std::uint64_t peak = 0;
        run_tiled(network, network.inputs(1, 500, 700), plan, plan.peak_bytes, &peak);
        EXPECT_LE(peak, plan.peak_bytes);
        EXPECT_GT(peak, plan.peak_bytes / 8) << "the estimate is far too large";
    }
}

} // namespace
