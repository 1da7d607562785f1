// Pixels on their way to a device and back: what the host hands over, and samples packed for the way.
#include "cuda_support.hpp"

#include "device_pixels.hpp"
#include "mirra/samples.hpp"
#include "runtime/cuda/gpu_runtime.hpp"
#include "runtime/cuda/packed_samples.hpp"

#include <gtest/gtest.h>

namespace mirra::test {
namespace {

class Values final : public runtime::DeviceTensor {
  public:
    Values(graph::Shape shape, std::vector<float> values)
        : shape_(std::move(shape))
        , values_(std::move(values)) {}
    [[nodiscard]] const graph::Shape &shape() const override { return shape_; }
    [[nodiscard]] const std::vector<float> &values() const { return values_; }

  private:
    graph::Shape shape_;
    std::vector<float> values_;
};

/// As the runtime over LibTorch does it.
class Transfer final : public runtime::GpuRuntime {
  public:
    std::shared_ptr<runtime::Arena> make_arena(const std::string & /*device*/,
                                               std::uint64_t /*limit*/) override {
        return nullptr;
    }

    runtime::TensorPtr upload(const mirra_cuda_kernels &table, const mirra_cuda_image &image,
                              const mirra_cuda_tile &tile, const std::string &) override {
        const cuda::Seen part = cuda::seen_by(tile, image);
        std::vector<std::byte> packed(cuda::packed_bytes(image, part));
        cuda::pack(image, part, packed.data());
        const DeviceMemory samples(packed),
            out(std::vector<float>(static_cast<std::size_t>(tile.width) *
                                   static_cast<std::size_t>(tile.height * tile.channels)));
        const mirra_cuda_image there = cuda::packed_image(image, part, samples.get());
        mirra_cuda_tile moved = tile;
        moved.values = out.get();
        moved.x -= part.x;
        moved.y -= part.y;
        const mirra_cuda_gathering gathering{MIRRA_CUDA_REPLICATED, {1, 1, 1, 1}, {0, 0, 0, 0}};
        EXPECT_EQ(table.gather_tile(&there, &moved, &gathering, nullptr), 0);
        return std::make_shared<Values>(graph::Shape{1, tile.channels, tile.height, tile.width},
                                        out.values<float>());
    }

    void download(const mirra_cuda_kernels &table, const runtime::DeviceTensor &tensor,
                  const mirra_cuda_tile &tile, const mirra_cuda_image &image) override {
        const cuda::Seen all{0, 0, image.width, image.height};
        std::vector<std::byte> packed(cuda::packed_bytes(image, all));
        const DeviceMemory samples(packed), values(dynamic_cast<const Values &>(tensor).values());
        const mirra_cuda_image there = cuda::packed_image(image, all, samples.get());
        mirra_cuda_tile given = tile;
        given.values = values.get();
        const mirra_cuda_core core{0, 0, image.width, image.height};
        EXPECT_EQ(table.scatter_tile(&given, &core, nullptr, &there, nullptr), 0);
        samples.read(packed);
        cuda::unpack(packed.data(), image, all);
    }
};

bool curved(const Kind &kind) {
    return kind.transfer == image::Transfer::linear && !on_processor();
}

std::vector<runtime::Rect> rects(const Kind &kind) {
    return {{0, 0, kind.width, kind.height},
            {-3, -2, kind.width + 7, kind.height + 5},
            {kind.width - 1, kind.height / 2, 5, 3},
            {-9, kind.height + 4, 4, 3}};
}

TEST(CudaTransfer, UploadedTilesAreThoseOfTheHost) {
    Transfer transfer;
    const host::DevicePixels pixels{&transfer, &kernels()};
    for (const Kind &kind : kinds())
        for (const runtime::Rect &rect : rects(kind)) {
            if (curved(kind)) continue;
            const Picture picture(kind, 7);
            const host::SeenImage seen{picture.view(), nullptr, 1, {}, nullptr, image::Range::unit};
            const auto tensor = host::upload_tile(pixels, seen, rect, 3, false, "cuda:0");
            ASSERT_NE(tensor, nullptr);
            std::vector<float> wanted(static_cast<std::size_t>(rect.width * rect.height * 3));
            host::load_tile(seen, rect, 3, wanted);
            ASSERT_EQ(dynamic_cast<const Values &>(*tensor).values(), wanted) << kind.text();
        }
}

TEST(CudaTransfer, DownloadedTilesAreThoseOfTheHost) {
    Transfer transfer;
    const host::DevicePixels pixels{&transfer, &kernels()};
    for (const Kind &kind : kinds()) {
        if (kind.channels % 2 == 0 || curved(kind)) continue;
        const runtime::Rect shown{-2, -1, kind.width + 4, kind.height + 3},
            kept{kind.width / 2, 0, kind.width - kind.width / 2, kind.height};
        auto values = random_floats(static_cast<std::size_t>(shown.width * shown.height * 3), 8, -0.2F, 1.2F);
        const Values tensor({1, 3, shown.height, shown.width}, values);
        const Picture wanted(kind, 9), found(kind, 9);
        const auto piece = [&](const Picture &picture) {
            return image::cropped(picture.view(), kept.x, kept.y, static_cast<std::int32_t>(kept.width),
                                  static_cast<std::int32_t>(kept.height));
        };
        ASSERT_TRUE(host::download_tile(pixels, tensor, {{}, shown, 3, false, image::Range::unit}, kept,
                                        piece(found)));
        host::store_pixels({values, shown, 3, false, image::Range::unit}, kept,
                           {wanted.view(), nullptr, 1, {}, nullptr, image::Range::unit}, std::nullopt,
                           piece(wanted));
        ASSERT_EQ(found.bytes(), wanted.bytes()) << kind.text();
    }
}

TEST(CudaTransfer, SamplesMayLieAnywhere) {
    std::vector<std::byte> bytes(64);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(37 * i);
    const auto view = image::interleaved_view(bytes.data() + 1, 3, 2, 3, image::SampleType::u16);
    Transfer transfer;
    const host::SeenImage seen{view, nullptr, 1, {}, nullptr, image::Range::unit};
    const auto tensor = host::upload_tile({&transfer, &kernels()}, seen, {0, 0, 3, 2}, 3, false, "cuda:0");
    std::vector<float> wanted(18);
    host::load_tile(seen, {0, 0, 3, 2}, 3, wanted);
    EXPECT_EQ(dynamic_cast<const Values &>(*tensor).values(), wanted);
}

TEST(CudaTransfer, WhatOnlyTheProcessorCanDoIsLeftToIt) {
    Transfer transfer;
    const Picture picture({4, 3, 4, image::SampleType::u8, Order::interleaved, image::AlphaMode::straight},
                          1);
    host::SeenImage seen{picture.view(), nullptr, 1, {}, nullptr, image::Range::unit};
    EXPECT_EQ(host::upload_tile({}, seen, {0, 0, 4, 3}, 3, false, "cuda:0"), nullptr);
    EXPECT_EQ(host::upload_tile({&transfer, nullptr}, seen, {0, 0, 4, 3}, 3, false, "cuda:0"), nullptr);
    const host::Pieces pieces{};
    seen.source = &pieces;
    EXPECT_EQ(host::upload_tile({&transfer, &kernels()}, seen, {0, 0, 4, 3}, 3, false, "cuda:0"), nullptr);
    const Values tensor({1, 3, 3, 4}, std::vector<float>(36));
    const host::GivenPixels given{{}, {0, 0, 4, 3}, 3, false, image::Range::unit};
    EXPECT_FALSE(host::download_tile({&transfer, &kernels()}, tensor, given, {0, 0, 4, 3}, picture.view()));
}

} // namespace
} // namespace mirra::test
