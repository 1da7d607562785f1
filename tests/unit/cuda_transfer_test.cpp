// Pixels on their way to a device and back: what the host hands over, and samples packed for the way.
#include "cuda_support.hpp"

#include "device_pixels.hpp"
#include "mirra/samples.hpp"
#include "runtime/cuda/gpu_runtime.hpp"
#include "runtime/cuda/table_copies.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace mirra::test {
namespace {

/// Values in the device's memory, channels last.
class Values final : public runtime::DeviceTensor {
  public:
    Values(graph::Shape shape, const std::vector<float> &values)
        : shape_(std::move(shape))
        , memory_(values) {}
    [[nodiscard]] const graph::Shape &shape() const override { return shape_; }
    [[nodiscard]] std::vector<float> values() const { return memory_.values<float>(); }
    [[nodiscard]] float *on_device() const { return memory_.as<float>(); }

  private:
    graph::Shape shape_;
    DeviceMemory memory_;
};

class ValuesMemory final : public cuda::TensorMemory {
  public:
    Made make(const graph::Shape &shape) override {
        std::size_t count = 1;
        for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
        const auto made = std::make_shared<Values>(shape, std::vector<float>(count));
        return {made, made->on_device()};
    }
    std::shared_ptr<float> values_of(const runtime::DeviceTensor &tensor) override {
        const auto memory = std::make_shared<DeviceMemory>(dynamic_cast<const Values &>(tensor).values());
        return {memory, memory->as<float>()};
    }
};

cuda::Memory memory_of(const mirra_cuda_kernels &table, std::size_t bytes) {
    void *memory = nullptr;
    EXPECT_EQ(table.allocate(&memory, bytes), 0);
    return {memory, [&table](void *given) { table.release(given); }};
}

class Gpu final : public runtime::GpuRuntime {
  public:
    std::shared_ptr<runtime::Arena> make_arena(const std::string & /*device*/, std::uint64_t /*limit*/,
                                               const runtime::Note & /*note*/) override {
        return nullptr;
    }
    std::unique_ptr<runtime::TileCopies> make_copies(const mirra_cuda_kernels &table,
                                                     const std::string & /*device*/,
                                                     const runtime::Ready &ready) override {
        const auto memory = [&table](std::size_t bytes) { return memory_of(table, bytes); };
        return std::make_unique<cuda::TableCopies>(table, memory, tensors_, ready);
    }
    std::unique_ptr<runtime::PictureCopies> make_picture_copies(const mirra_cuda_kernels &table,
                                                                const std::string & /*device*/,
                                                                const runtime::Ready &ready) override {
        return std::make_unique<cuda::TablePictureCopies>(table, ready);
    }
    std::shared_ptr<const cuda::Fence> mark(const mirra_cuda_kernels &table, const std::string & /*device*/,
                                            void *stream) override {
        return cuda::mark_stream(table, stream);
    }

  private:
    ValuesMemory tensors_;
};

const host::DeviceTiles::Kind kColors{};

host::SeenImage seen_of(const image::ConstImageView &view) {
    return {view, nullptr, 1, {}, nullptr, image::Range::unit};
}

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
    Gpu gpu;
    for (const Kind &kind : kinds()) {
        if (curved(kind)) continue;
        const Picture picture(kind, 7);
        const host::SeenImage seen = seen_of(picture.view());
        host::DeviceTiles tiles({&gpu, &kernels()}, "cuda:0", seen, kColors);
        for (const runtime::Rect &rect : rects(kind)) {
            const auto tensor = tiles.load(rect);
            ASSERT_NE(tensor, nullptr);
            std::vector<float> wanted(static_cast<std::size_t>(rect.width * rect.height * 3));
            host::load_tile(seen, rect, 3, wanted);
            ASSERT_EQ(dynamic_cast<const Values &>(*tensor).values(), wanted) << kind.text();
        }
    }
}

TEST(CudaTransfer, DownloadedTilesAreThoseOfTheHost) {
    Gpu gpu;
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
        const host::SeenImage seen = seen_of(wanted.view());
        host::DeviceTiles tiles({&gpu, &kernels()}, "cuda:0", seen, kColors);
        ASSERT_TRUE(tiles.store(tensor, {{}, shown, 3, false, image::Range::unit}, kept, piece(found), {}));
        tiles.finish();
        host::store_pixels({values, shown, 3, false, image::Range::unit}, kept, seen, std::nullopt,
                           piece(wanted));
        ASSERT_EQ(found.bytes(), wanted.bytes()) << kind.text();
    }
}

TEST(CudaTransfer, WhatIsExpectedIsLoadedAndWhatIsPassedOverIsNot) {
    Gpu gpu;
    const Picture picture({9, 8, 3, image::SampleType::u8, Order::interleaved}, 3);
    const host::SeenImage seen = seen_of(picture.view());
    host::DeviceTiles tiles({&gpu, &kernels()}, "cuda:0", seen, kColors);
    const runtime::Rect first{0, 0, 4, 4}, second{3, 2, 5, 5}, third{-1, 4, 6, 6};
    const auto expect_loaded = [&](const runtime::Rect &rect) {
        std::vector<float> wanted(static_cast<std::size_t>(rect.width * rect.height * 3));
        host::load_tile(seen, rect, 3, wanted);
        EXPECT_EQ(dynamic_cast<const Values &>(*tiles.load(rect)).values(), wanted);
    };
    tiles.expect(first);
    tiles.expect(second); // one is on its way already
    expect_loaded(first);
    tiles.expect(second);
    expect_loaded(third);
    expect_loaded(second);
    tiles.expect(first); // and never asked for
}

TEST(CudaTransfer, PixelsAreWrittenBeforeTheNextOnesAndWhoWaitsIsTold) {
    Gpu gpu;
    const Kind kind{4, 3, 3, image::SampleType::u8, Order::interleaved};
    const Picture first(kind, 1), second(kind, 2);
    const host::SeenImage seen = seen_of(first.view());
    const Values tensor({1, 3, 3, 4}, std::vector<float>(36, 1.0F));
    const host::GivenPixels given{{}, {0, 0, 4, 3}, 3, false, image::Range::unit};
    const auto is_white = [](const Picture &picture) {
        return std::ranges::all_of(picture.bytes(),
                                   [](std::byte sample) { return sample == std::byte{255}; });
    };
    std::vector<int> told;
    host::DeviceTiles tiles({&gpu, &kernels()}, "cuda:0", seen, kColors);
    const auto store = [&](const Picture &picture, int which) {
        EXPECT_TRUE(
            tiles.store(tensor, given, {0, 0, 4, 3}, picture.view(), [&told, &picture, which, &is_white] {
                EXPECT_TRUE(is_white(picture)) << which;
                told.push_back(which);
            }));
    };
    store(first, 1);
    EXPECT_TRUE(told.empty());
    EXPECT_FALSE(is_white(first)) << "it is on its way";
    store(second, 2);
    EXPECT_EQ(told, std::vector<int>({1}));
    tiles.finish();
    tiles.finish();
    EXPECT_EQ(told, std::vector<int>({1, 2}));
}

TEST(CudaTransfer, SamplesMayLieAnywhere) {
    std::vector<std::byte> bytes(64);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(37 * i);
    const auto view = image::interleaved_view(bytes.data() + 1, 3, 2, 3, image::SampleType::u16);
    Gpu gpu;
    const host::SeenImage seen = seen_of(view);
    host::DeviceTiles tiles({&gpu, &kernels()}, "cuda:0", seen, kColors);
    const auto tensor = tiles.load({0, 0, 3, 2});
    std::vector<float> wanted(18);
    host::load_tile(seen, {0, 0, 3, 2}, 3, wanted);
    EXPECT_EQ(dynamic_cast<const Values &>(*tensor).values(), wanted);
}

TEST(CudaTransfer, WhatOnlyTheProcessorCanDoIsLeftToIt) {
    Gpu gpu;
    const Picture picture({4, 3, 4, image::SampleType::u8, Order::interleaved, image::AlphaMode::straight},
                          1);
    host::SeenImage seen = seen_of(picture.view());
    const runtime::Rect all{0, 0, 4, 3};
    host::DeviceTiles mirrored({&gpu, &kernels()}, "cuda:0", seen, {3, false, false});
    EXPECT_EQ(mirrored.load(all), nullptr);
    host::DeviceTiles tiles({&gpu, &kernels()}, "cuda:0", seen, kColors);
    const Values tensor({1, 3, 3, 4}, std::vector<float>(36));
    EXPECT_FALSE(tiles.store(tensor, {{}, all, 3, false, image::Range::unit}, all, picture.view(), {}));
    const host::Pieces pieces{};
    seen.source = &pieces;
    tiles.expect(all);
    EXPECT_EQ(tiles.load(all), nullptr);
}

} // namespace
} // namespace mirra::test
