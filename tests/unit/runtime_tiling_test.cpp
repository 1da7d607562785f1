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
    auto &module = torch_module();
    const auto executable = network.compile(Precision::fp32);
    const auto arena = module.make_arena(limit);
    auto out = torch::zeros_like(images[0]);
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
        const auto y = tile.core.y - tile.input.y, x = tile.core.x - tile.input.x;
        out.slice(2, tile.core.y, tile.core.y + tile.core.height)
            .slice(3, tile.core.x, tile.core.x + tile.core.width)
            .copy_(values.slice(2, y, y + tile.core.height).slice(3, x, x + tile.core.width));
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
