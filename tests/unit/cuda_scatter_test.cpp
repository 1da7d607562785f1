// Tiles into pictures, against what the host stores.
#include "cuda_support.hpp"

#include "mirra/samples.hpp"
#include "pixels.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace mirra::test {
namespace {

struct Trial {
    Kind source, target;
    runtime::Rect shown, kept;
    std::int32_t colors = 3;
    bool with_alpha = false, half = false, unbounded = false;
    [[nodiscard]] std::int32_t channels() const { return colors + (with_alpha ? 1 : 0); }
};

/// Values of a network: a little beyond [0, 1], on the steps between two samples, and no numbers.
std::vector<float> values_of(const Trial &trial, unsigned seed) {
    auto out =
        random_floats(static_cast<std::size_t>(trial.shown.width * trial.shown.height * trial.channels()),
                      seed, -0.3F, 1.3F);
    for (std::size_t i = 0; i < out.size(); i += 5) out[i] = (static_cast<float>(i % 255) + 0.5F) / 255.0F;
    for (std::size_t i = 3; i < out.size(); i += 29) out[i] = std::numeric_limits<float>::quiet_NaN();
    for (std::size_t i = 7; i < out.size(); i += 31) out[i] = std::numeric_limits<float>::infinity();
    if (trial.half)
        for (float &value : out) value = as_half(value);
    return out;
}

std::vector<std::uint16_t> to_halves(const std::vector<float> &values) {
    std::vector<std::uint16_t> out;
    for (const float value : values) out.push_back(samples::UnboundedF16::to_raw(value));
    return out;
}

/// The target's bytes as the host writes them.
std::vector<std::byte> expected(const Trial &trial, const Picture &source, Picture target,
                                std::vector<float> values) {
    const host::SeenImage seen{source.view(), nullptr, 1, {}, nullptr, image::Range::unit};
    const host::GivenPixels given{values, trial.shown, trial.channels(), trial.with_alpha,
                                  trial.unbounded ? image::Range::unbounded : image::Range::unit};
    const auto piece =
        image::cropped(target.view(), trial.kept.x, trial.kept.y, static_cast<std::int32_t>(trial.kept.width),
                       static_cast<std::int32_t>(trial.kept.height));
    host::store_pixels(given, trial.kept, seen, std::nullopt, piece);
    return target.bytes();
}

std::vector<std::byte> scattered(const Trial &trial, const Picture &source, const Picture &target,
                                 const std::vector<float> &values) {
    const DeviceMemory from(source.bytes()), to(target.bytes()),
        tile_values = trial.half ? DeviceMemory(to_halves(values)) : DeviceMemory(values);
    mirra_cuda_tile tile{};
    tile.values = tile_values.get();
    tile.x = trial.shown.x;
    tile.y = trial.shown.y;
    tile.width = static_cast<std::int32_t>(trial.shown.width);
    tile.height = static_cast<std::int32_t>(trial.shown.height);
    tile.channels = trial.channels();
    tile.with_alpha = trial.with_alpha ? 1 : 0;
    tile.type = trial.half ? MIRRA_CUDA_HALF : MIRRA_CUDA_FLOAT;
    tile.unbounded = trial.unbounded ? 1 : 0;
    const mirra_cuda_core core{trial.kept.x, trial.kept.y, static_cast<std::int32_t>(trial.kept.width),
                               static_cast<std::int32_t>(trial.kept.height)};
    const mirra_cuda_image source_image = source.on(from), image = target.on(to);
    EXPECT_EQ(kernels().scatter_tile(&tile, &core, &source_image, &image, nullptr), 0);
    return to.values<std::byte>();
}

/// Steps between two samples of a picture's bytes; of floats, ULPs.
std::int64_t apart(image::SampleType sample, const std::byte *a, const std::byte *b) {
    const auto raw = [](auto type, const std::byte *at) {
        return static_cast<std::int64_t>(samples::load_raw<decltype(type)>(at));
    };
    if (sample == image::SampleType::u8) return std::abs(raw(std::uint8_t{}, a) - raw(std::uint8_t{}, b));
    if (sample == image::SampleType::f32) return std::abs(raw(std::int32_t{}, a) - raw(std::int32_t{}, b));
    const auto swap = [&](std::int64_t value) {
        return sample == image::SampleType::u16_swapped ? (value >> 8 | (value & 0xff) << 8) : value;
    };
    return std::abs(swap(raw(std::uint16_t{}, a)) - swap(raw(std::uint16_t{}, b)));
}

void check(const Trial &trial, unsigned seed) {
    const Picture source(trial.source, seed), target(trial.target, seed + 1);
    const auto values = values_of(trial, seed + 2);
    // A copy would point to the other's memory.
    const auto wanted = expected(trial, source, Picture(trial.target, seed + 1), values);
    const auto found = scattered(trial, source, target, values);
    if (on_processor() || trial.target.transfer != image::Transfer::linear) {
        ASSERT_EQ(wanted, found) << trial.source.text() << " to " << trial.target.text();
        return;
    }
    const std::size_t size = image::sample_bytes(trial.target.sample);
    const std::int64_t most = trial.target.sample == image::SampleType::f32 ? 16 : 1;
    for (std::size_t i = 0; i < wanted.size(); i += size)
        ASSERT_LE(apart(trial.target.sample, &wanted[i], &found[i]), most)
            << trial.target.text() << " at byte " << i;
}

/// A core within a tile that reaches beyond the picture, and one at its corner.
std::vector<std::pair<runtime::Rect, runtime::Rect>> places(const Kind &kind) {
    return {
        {{-2, -3, kind.width + 5, kind.height + 6}, {0, 0, kind.width, kind.height}},
        {{kind.width / 2, kind.height / 2, kind.width, kind.height}, {kind.width / 2, kind.height / 2, 1, 1}},
        {{-1, 0, kind.width + 1, kind.height}, {kind.width - 1, 0, 1, kind.height}}};
}

TEST(CudaScatter, PicturesAreTheHosts) {
    unsigned seed = 0;
    for (const Kind &target : kinds())
        for (const auto &[shown, kept] : places(target)) {
            const bool with_alpha = seed % 3 == 0;
            const std::int32_t colors = seed % 5 == 0 ? 1 : 3;
            ++seed;
            check({target, target, shown, kept, colors, with_alpha, seed % 2 == 0, seed % 4 == 0}, seed);
        }
}

TEST(CudaScatter, AlphaIsCarriedOverBetweenAllTypes) {
    unsigned seed = 900;
    for (const Kind &source : kinds()) {
        if (source.order != Order::planar || source.transfer != image::Transfer::srgb) continue;
        for (const image::SampleType sample :
             {image::SampleType::u8, image::SampleType::u16, image::SampleType::u16_swapped,
              image::SampleType::f16, image::SampleType::f32})
            for (const image::AlphaMode alpha :
                 {image::AlphaMode::straight, image::AlphaMode::premultiplied}) {
                const Kind target{source.width, source.height,        4, sample, Order::interleaved,
                                  alpha,        image::Transfer::srgb};
                for (const auto &[shown, kept] : places(target)) {
                    ++seed;
                    check({source, target, shown, kept}, seed);
                }
            }
    }
}

TEST(CudaScatter, WithoutASourceAlphaIsOpaque) {
    const Kind kind{5,
                    4,
                    2,
                    image::SampleType::u8,
                    Order::interleaved,
                    image::AlphaMode::straight,
                    image::Transfer::srgb};
    const Picture target(kind, 1);
    const DeviceMemory to(target.bytes()), values(std::vector<float>(20, 0.5F));
    const mirra_cuda_image image = target.on(to);
    mirra_cuda_tile tile{};
    tile.values = values.get();
    tile.width = 5;
    tile.height = 4;
    tile.channels = 1;
    const mirra_cuda_core core{0, 0, 5, 4};
    ASSERT_EQ(kernels().scatter_tile(&tile, &core, nullptr, &image, nullptr), 0);
    const auto found = to.values<std::uint8_t>();
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], i % 2 == 0 ? 128 : 255) << i;
}

TEST(CudaScatter, CoresBeyondTileOrPictureAreRefused) {
    const Kind kind{5, 4, 3};
    const Picture target(kind, 1);
    const DeviceMemory to(target.bytes()), values(std::vector<float>(60));
    const mirra_cuda_image image = target.on(to);
    mirra_cuda_tile tile{};
    tile.values = values.get();
    tile.width = 5;
    tile.height = 4;
    tile.channels = 3;
    const auto scatter = [&](const mirra_cuda_core &core) {
        return kernels().scatter_tile(&tile, &core, nullptr, &image, nullptr);
    };
    EXPECT_EQ(scatter({0, 0, 5, 4}), 0);
    EXPECT_EQ(scatter({1, 0, 5, 4}), MIRRA_CUDA_INVALID);
    EXPECT_EQ(scatter({-1, 0, 5, 4}), MIRRA_CUDA_INVALID);
    EXPECT_EQ(scatter({0, 0, 0, 4}), MIRRA_CUDA_INVALID);
    tile.x = 1;
    EXPECT_EQ(scatter({0, 0, 2, 2}), MIRRA_CUDA_INVALID);
}

} // namespace
} // namespace mirra::test
