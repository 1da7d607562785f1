// Tiles out of pictures, against the host's own tiles.
#include "cuda_support.hpp"

#include "mirra/samples.hpp"
#include "pixels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace mirra::test {
namespace {

constexpr int kUlpsOfCurve = 8; ///< of the sRGB curve on a GPU, whose pow is not the processor's

struct Trial {
    Kind kind;
    runtime::Rect rect;
    std::int32_t colors = 3;
    bool with_alpha = false, mirrored = false, half = false, unbounded = false;
};

/// As TileRun::load has it.
std::vector<float> expected(const Trial &trial, const image::ImageView &view) {
    const host::SeenImage seen{view, nullptr, 1,
                               {},   nullptr, trial.unbounded ? image::Range::unbounded : image::Range::unit};
    const auto area = static_cast<std::size_t>(trial.rect.width * trial.rect.height);
    const auto colors = static_cast<std::size_t>(trial.colors);
    std::vector<float> own(area * colors);
    (trial.mirrored ? host::load_mirrored : host::load_tile)(seen, trial.rect, trial.colors, own);
    if (!trial.with_alpha) return own;
    const auto alpha =
        trial.mirrored ? host::load_mirrored_alpha(view, trial.rect) : host::load_alpha(view, trial.rect);
    std::vector<float> out;
    for (std::size_t i = 0; i < area; ++i) {
        out.insert(out.end(), own.begin() + static_cast<std::ptrdiff_t>(i * colors),
                   own.begin() + static_cast<std::ptrdiff_t>((i + 1) * colors));
        out.push_back(alpha[i]);
    }
    return out;
}

mirra_cuda_gathering gathering(bool mirrored) {
    return {mirrored ? MIRRA_CUDA_MIRRORED : MIRRA_CUDA_REPLICATED, {1, 1, 1, 1}, {0, 0, 0, 0}};
}

mirra_cuda_tile tile_of(const Trial &trial, void *values) {
    mirra_cuda_tile tile{};
    tile.values = values;
    tile.x = trial.rect.x;
    tile.y = trial.rect.y;
    tile.width = static_cast<std::int32_t>(trial.rect.width);
    tile.height = static_cast<std::int32_t>(trial.rect.height);
    tile.channels = trial.colors + (trial.with_alpha ? 1 : 0);
    tile.with_alpha = trial.with_alpha ? 1 : 0;
    tile.type = trial.half ? MIRRA_CUDA_HALF : MIRRA_CUDA_FLOAT;
    tile.unbounded = trial.unbounded ? 1 : 0;
    return tile;
}

template<class Stored>
std::vector<Stored> gathered(const Trial &trial, const Picture &picture, const mirra_cuda_gathering &how) {
    const auto count = static_cast<std::size_t>(trial.rect.width * trial.rect.height *
                                                (trial.colors + (trial.with_alpha ? 1 : 0)));
    const DeviceMemory pixels(picture.bytes()), out(std::vector<Stored>(count, Stored(77)));
    const mirra_cuda_image image = picture.on(pixels);
    const mirra_cuda_tile tile = tile_of(trial, out.get());
    EXPECT_EQ(kernels().gather_tile(&image, &tile, &how, nullptr), 0);
    return out.values<Stored>();
}

std::vector<float> from_halves(const std::vector<std::uint16_t> &halves) {
    std::vector<float> out;
    for (const std::uint16_t half : halves) out.push_back(samples::half_to_float(half));
    return out;
}

void check(const Trial &trial, unsigned seed) {
    const Picture picture(trial.kind, seed);
    const auto wanted = expected(trial, picture.view());
    const auto how = gathering(trial.mirrored);
    const auto found = trial.half ? from_halves(gathered<std::uint16_t>(trial, picture, how))
                                  : gathered<float>(trial, picture, how);
    ASSERT_EQ(wanted.size(), found.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const float value = trial.half ? as_half(wanted[i]) : wanted[i];
        // A half's last digit is as near as the curve's own error brings it to a tie.
        const int ulps = trial.half ? 1 << 13 : kUlpsOfCurve;
        ASSERT_TRUE(same(value, found[i], ulps))
            << trial.kind.text() << ", value " << i << ": " << value << ", not " << found[i];
    }
}

/// Inside, over each edge, around all of the picture, beside it, one pixel.
std::vector<runtime::Rect> rects(const Kind &kind) {
    return {{0, 0, kind.width, kind.height},
            {-3, -2, kind.width + 7, kind.height + 5},
            {kind.width - 1, kind.height - 1, 5, 3},
            {-9, kind.height + 4, 4, 3},
            {kind.width / 2, kind.height / 2, 1, 1},
            {-2 * kind.width - 3, -2 * kind.height - 1, 5 * kind.width + 2, 3}};
}

TEST(CudaGather, FloatsAreTheHostsTiles) {
    unsigned seed = 0;
    for (const Kind &kind : kinds())
        for (const runtime::Rect &rect : rects(kind))
            for (const std::int32_t colors : {1, 3}) {
                ++seed;
                check({kind, rect, colors, seed % 3 == 0, seed % 4 == 0, false, seed % 2 == 0}, seed);
            }
}

TEST(CudaGather, HalvesAreTheHostsTilesRounded) {
    unsigned seed = 500;
    for (const Kind &kind : kinds())
        for (const runtime::Rect &rect : rects(kind)) {
            ++seed;
            check({kind, rect, 3, kind.channels == 4, seed % 5 == 0, true, false}, seed);
        }
}

TEST(CudaGather, ValuesAreScaledAndMovedInOnePass) {
    const Trial trial{
        {9, 4, 4, image::SampleType::u16, Order::planar, image::AlphaMode::straight, image::Transfer::srgb},
        {-1, -1, 11, 6},
        3,
        true};
    const Picture picture(trial.kind, 3);
    mirra_cuda_gathering how = gathering(false);
    const float scale[] = {2, 0.5F, -1.25F, 1}, offset[] = {-0.485F, 0.25F, 0, 0};
    std::ranges::copy(scale, how.scale);
    std::ranges::copy(offset, how.offset);
    const auto plain = expected(trial, picture.view()), found = gathered<float>(trial, picture, how);
    for (std::size_t i = 0; i < plain.size(); ++i)
        EXPECT_EQ(std::fma(plain[i], scale[i % 4], offset[i % 4]), found[i]) << i;
}

TEST(CudaGather, LinearLightAndItsCurveAreTestedInAllTheirRange) {
    const Kind kind{64,
                    64,
                    3,
                    image::SampleType::f32,
                    Order::interleaved,
                    image::AlphaMode::none,
                    image::Transfer::linear};
    check({kind, {0, 0, 64, 64}, 3, false, false, false, true}, 11);
}

TEST(CudaGather, WhatIsNoPictureIsRefused) {
    const Trial trial{{4, 3, 3}, {0, 0, 4, 3}};
    const Picture picture(trial.kind, 1);
    const DeviceMemory pixels(picture.bytes()), out(std::vector<float>(36));
    const mirra_cuda_image good = picture.on(pixels);
    const mirra_cuda_tile tile = tile_of(trial, out.get());
    const mirra_cuda_gathering how = gathering(false);
    const auto refuse = [&](auto change) {
        mirra_cuda_image image = good;
        mirra_cuda_tile changed = tile;
        mirra_cuda_gathering gathered = how;
        change(image, changed, gathered);
        return kernels().gather_tile(&image, &changed, &gathered, nullptr);
    };
    EXPECT_EQ(refuse([](auto &, auto &, auto &) {}), 0);
    EXPECT_EQ(refuse([](auto &image, auto &, auto &) { image.width = 0; }), MIRRA_CUDA_INVALID);
    EXPECT_EQ(refuse([](auto &image, auto &, auto &) { image.channels = 5; }), MIRRA_CUDA_INVALID);
    EXPECT_EQ(refuse([](auto &image, auto &, auto &) { image.sample = 9; }), MIRRA_CUDA_INVALID);
    EXPECT_EQ(refuse([](auto &image, auto &, auto &) { image.alpha = MIRRA_CUDA_STRAIGHT; }),
              MIRRA_CUDA_INVALID);
    EXPECT_EQ(refuse([](auto &image, auto &, auto &) { image.data[2] = nullptr; }), MIRRA_CUDA_INVALID);
    EXPECT_EQ(refuse([](auto &image, auto &, auto &) { image.sample = MIRRA_CUDA_U16; }),
              MIRRA_CUDA_MISALIGNED);
    EXPECT_EQ(refuse([](auto &, auto &changed, auto &) { changed.channels = 2; }), MIRRA_CUDA_INVALID);
    EXPECT_EQ(refuse([](auto &, auto &changed, auto &) { changed.values = nullptr; }), MIRRA_CUDA_INVALID);
    EXPECT_EQ(refuse([](auto &, auto &changed, auto &) { changed.type = MIRRA_CUDA_BFLOAT16; }),
              MIRRA_CUDA_INVALID);
    EXPECT_EQ(refuse([](auto &, auto &, auto &gathered) { gathered.border = 2; }), MIRRA_CUDA_INVALID);
    EXPECT_EQ(kernels().gather_tile(nullptr, &tile, &how, nullptr), MIRRA_CUDA_INVALID);
    EXPECT_STRNE(kernels().error_text(MIRRA_CUDA_INVALID), kernels().error_text(MIRRA_CUDA_MISALIGNED));
    EXPECT_STRNE(kernels().error_text(0), "");
}

} // namespace
} // namespace mirra::test
