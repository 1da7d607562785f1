// Copies beside kernels, on a device that puts off all work for as long as it may.
#include "lazy_device.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <random>
#include <vector>

namespace mirra::test {
namespace {

using cuda::Stream, cuda::TileTransfer;

struct Bytes {
    Bytes(std::int32_t w, std::int32_t h, unsigned seed)
        : width(w)
        , height(h)
        , samples(static_cast<std::size_t>(w) * static_cast<std::size_t>(h) * 3) {
        std::mt19937 random(seed);
        for (auto &sample : samples) sample = static_cast<std::uint8_t>(random());
    }
    [[nodiscard]] mirra_cuda_image image() {
        mirra_cuda_image out{};
        for (int c = 0; c < 3; ++c) out.data[c] = samples.data() + c;
        out.x_stride = 3;
        out.y_stride = std::int64_t{3} * width;
        out.width = width;
        out.height = height;
        out.channels = 3;
        out.sample = MIRRA_CUDA_U8;
        return out;
    }
    std::int32_t width, height;
    std::vector<std::uint8_t> samples;
};

/// A run over tiles as the host does it: the next one is on its way up, and the last one down, while one is
/// computed, which adds 1 to each sample. How many samples come out wrong.
std::size_t wrong_samples(LazyDevice &device, unsigned seed) {
    constexpr std::size_t kTiles = 9;
    std::mt19937 random(seed);
    std::deque<Bytes> in, out;
    std::deque<std::vector<std::uint8_t>> tensors; // of the device
    for (unsigned i = 0; i < kTiles; ++i) {
        const auto side = [&] { return 1 + static_cast<std::int32_t>(random() % 9); };
        in.emplace_back(side(), side(), seed + i);
        out.emplace_back(in.back().width, in.back().height, seed + 100 + i);
    }
    const std::deque<Bytes> given = in;
    {
        TileTransfer transfer(device);
        const auto begin = [&](std::size_t i) {
            mirra_cuda_tile tile{};
            tile.width = in[i].width;
            tile.height = in[i].height;
            const auto upload = transfer.begin_upload(in[i].image(), tile);
            std::ranges::fill(in[i].samples, std::uint8_t{7}); // the caller's to write from here on
            return upload;
        };
        auto upload = begin(0);
        std::optional<TileTransfer::Download> before;
        for (std::size_t i = 0; i < kTiles; ++i) {
            std::vector<std::uint8_t> &tensor = tensors.emplace_back(in[i].samples.size());
            transfer.finish_upload(upload, [&](const mirra_cuda_image &image, const mirra_cuda_tile &tile) {
                EXPECT_EQ(tile.width, image.width);
                device.put(Stream::kernels,
                           [&tensor, from = static_cast<const std::uint8_t *>(image.data[0])] {
                               std::copy_n(from, tensor.size(), tensor.data());
                           });
            });
            if (i + 1 < kTiles) upload = begin(i + 1);
            const auto download = transfer.begin_download(out[i].image(), [&](const mirra_cuda_image &image) {
                device.put(Stream::kernels, [&tensor, to = static_cast<std::uint8_t *>(image.data[0])] {
                    std::ranges::transform(tensor, to, [](std::uint8_t x) -> std::uint8_t { return x + 1; });
                });
            });
            if (before) transfer.finish_download(*before);
            before = download;
        }
        transfer.finish_download(*before);
        device.finish_all();
    }
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < kTiles; ++i)
        for (std::size_t k = 0; k < given[i].samples.size(); ++k)
            wrong += out[i].samples[k] != static_cast<std::uint8_t>(given[i].samples[k] + 1) ? 1U : 0U;
    return wrong;
}

TEST(CudaOverlap, EverySampleArrivesWhateverTheOrderOfTheWork) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        LazyDevice device(seed);
        ASSERT_EQ(wrong_samples(device, seed), 0U) << seed;
    }
}

TEST(CudaOverlap, NoWaitIsLeftOut) {
    using Forgets = LazyDevice::Forgets;
    for (const Forgets forgets : {Forgets::copies, Forgets::kernels, Forgets::processor}) {
        std::size_t wrong = 0;
        for (unsigned seed = 0; seed < 50; ++seed) {
            LazyDevice device(seed, forgets);
            wrong += wrong_samples(device, seed);
        }
        EXPECT_GT(wrong, 0U) << static_cast<int>(forgets);
    }
}

mirra_cuda_tile square_tile(std::int32_t side) {
    mirra_cuda_tile tile{};
    tile.width = tile.height = side;
    return tile;
}

TEST(CudaOverlap, MemoryIsTakenOnceForTilesOfOneSize) {
    LazyDevice device(1);
    TileTransfer transfer(device);
    Bytes picture(8, 8, 1);
    const mirra_cuda_tile tile = square_tile(8);
    for (int i = 0; i < 10; ++i) {
        const auto upload = transfer.begin_upload(picture.image(), tile);
        transfer.finish_upload(upload, [](const auto &, const auto &) {});
    }
    EXPECT_EQ(device.allocated(), 2U * 2 * 8 * 8 * 3) << "two tiles on their way, on both sides";
    EXPECT_EQ(device.waits(), 8) << "for the copy of two tiles ago, not for the last one";
}

TEST(CudaOverlap, WhatIsUnderWayIsWaitedForAtTheEnd) {
    LazyDevice device(2);
    {
        TileTransfer transfer(device);
        Bytes picture(8, 8, 1);
        const mirra_cuda_tile tile = square_tile(8);
        const auto abandoned = transfer.begin_upload(picture.image(), tile);
        static_cast<void>(abandoned);
    }
    EXPECT_EQ(device.waits(), 1) << "before the memory is given back";
}

} // namespace
} // namespace mirra::test
