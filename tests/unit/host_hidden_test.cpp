// Colours under alpha 0: what tasks see instead of them, whichever rectangle is asked for.
#include "noise.hpp"
#include "pixels.hpp"
#include "resample.hpp"

#include "mirra/error.hpp"
#include "throws.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace mirra::host {
namespace {

struct Size {
    std::int32_t width, height;
};

/// A noisy gradient in a disc; outside of it hidden colours, all of them `hidden`.
image::Image cut_out(const Size &size, float hidden, std::int32_t channels = 4, double sigma = 15) {
    image::Image picture(size.width, size.height, channels, image::SampleType::f32);
    auto *samples = reinterpret_cast<float *>(picture.bytes().data());
    std::mt19937 random(11);
    std::normal_distribution<float> normal(0, 1);
    const auto noise = [&] { return static_cast<float>(sigma / 255) * normal(random); };
    const double radius = 0.4 * std::min(size.width, size.height) + 0.6;
    for (std::int32_t y = 0; y < size.height; ++y)
        for (std::int32_t x = 0; x < size.width; ++x) {
            const bool visible = std::hypot(x - size.width / 2, y - size.height / 2) < radius;
            for (std::int32_t c = 0; c + 1 < channels; ++c) {
                const float value = 0.4F + 0.1F * static_cast<float>(c) +
                                    0.2F * static_cast<float>(x) / static_cast<float>(size.width) + noise();
                *samples++ = visible ? value : hidden;
            }
            *samples++ = visible ? 1.0F : 0.0F;
        }
    return picture;
}

std::vector<float> tile_of(const SeenImage &seen, const runtime::Rect &rect, int channels = 3) {
    std::vector<float> out(static_cast<std::size_t>(rect.width * rect.height * channels));
    load_tile(seen, rect, channels, out);
    return out;
}

constexpr Size kSizes[] = {{1, 1}, {1, 40}, {33, 2}, {17, 16}, {130, 75}, {300, 280}};

TEST(HiddenColors, ReachNoTask) {
    for (const auto &size : kSizes)
        for (const std::int32_t channels : {2, 4}) {
            const image::Image black = cut_out(size, 0, channels), loud = cut_out(size, 0.9F, channels),
                               wild = cut_out(size, INFINITY, channels);
            const runtime::Rect around{-9, -7, size.width + 20, size.height + 13};
            const auto expected = tile_of(see(std::as_const(black).view()), around);
            EXPECT_EQ(expected, tile_of(see(std::as_const(loud).view()), around)) << size.width;
            EXPECT_EQ(expected, tile_of(see(std::as_const(wild).view()), around)) << size.width;
        }
}

TEST(HiddenColors, AreTheSameInEveryRectangle) {
    const Size size{300, 280};
    const image::Image picture = cut_out(size, 1);
    const SeenImage seen = see(std::as_const(picture).view());
    const auto whole = tile_of(seen, {0, 0, size.width, size.height});
    for (const runtime::Rect &rect : {runtime::Rect{0, 0, 1, 1},
                                      {3, 5, 64, 64},
                                      {250, 200, 50, 80},
                                      {0, 17, 300, 1},
                                      {290, 0, 10, 280}}) {
        const auto part = tile_of(seen, rect);
        for (std::int64_t y = 0; y < rect.height; ++y)
            for (std::int64_t i = 0; i < rect.width * 3; ++i)
                ASSERT_EQ(part[static_cast<std::size_t>(y * rect.width * 3 + i)],
                          whole[static_cast<std::size_t>(((rect.y + y) * size.width + rect.x) * 3 + i)]);
    }
}

TEST(HiddenColors, AreThoseOfTheVisibleAround) {
    const Size size{300, 280};
    const image::Image picture = cut_out(size, 1, 4, 0);
    const image::ConstImageView view = picture.view();
    const auto seen = tile_of(see(view), {0, 0, size.width, size.height});
    std::vector<float> own(seen.size());
    load_colors(view, {0, 0, size.width, size.height}, 3, own);
    const auto alpha = load_alpha(view, {0, 0, size.width, size.height});
    float least = 1, most = 0, jump = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (alpha[i / 3] > 0) {
            ASSERT_EQ(seen[i], own[i]) << "visible";
            continue;
        }
        least = std::min(least, seen[i]);
        most = std::max(most, seen[i]);
        if (i / 3 % std::size_t{300} > 0 && alpha[i / 3 - 1] <= 0)
            jump = std::max(jump, std::abs(seen[i] - seen[i - 3]));
    }
    EXPECT_GT(least, 0.3F);
    EXPECT_LT(most, 0.9F);
    EXPECT_LT(jump, 0.02F) << "smooth";
}

TEST(HiddenColors, HaveNoiseLikeTheVisible) {
    const Size size{300, 280};
    const image::Image picture = cut_out(size, 1);
    const auto corner = tile_of(see(picture.view()), {0, 0, 64, 64});
    EXPECT_NEAR(
        255 * image::estimate_noise(image::interleaved_view(
                  reinterpret_cast<const std::byte *>(corner.data()), 64, 64, 3, image::SampleType::f32)),
        15, 2);
}

TEST(HiddenColors, OfAWhollyInvisibleImageAreBlack) {
    const Size size{40, 30};
    image::Image picture(size.width, size.height, 4, image::SampleType::u8);
    std::ranges::fill(picture.bytes(), std::byte{200});
    for (std::size_t i = 3; i < picture.bytes().size(); i += 4) picture.bytes()[i] = std::byte{0};
    EXPECT_THAT(tile_of(see(std::as_const(picture).view()), {0, 0, size.width, size.height}),
                ::testing::Each(0.0F));
}

TEST(HiddenColors, CostOpaqueImagesNothing) {
    const image::Image rgb(40, 30, 3, image::SampleType::u8);
    image::Image opaque(40, 30, 4, image::SampleType::u8);
    std::ranges::fill(opaque.bytes(), std::byte{255});
    EXPECT_EQ(nullptr, see(rgb.view()).fill);
    EXPECT_EQ(nullptr, see(std::as_const(opaque).view()).fill);
    EXPECT_EQ(1, see(std::as_const(opaque).view()).least_alpha);
}

/// What remains of a color of 8 bits that was multiplied by little alpha is hardly a color.
TEST(HiddenColors, TinyPremultipliedAlphaIsDividedSafely) {
    image::Image picture(64, 64, 4, image::SampleType::f32);
    auto *samples = reinterpret_cast<float *>(picture.bytes().data());
    for (std::size_t i = 0; i < 64 * 64; ++i) {
        const float alpha = i % 64 < 32 ? 1.0F : i % 3 == 0 ? 0.0F : i % 3 == 1 ? 1e-40F : 1e-4F;
        for (std::size_t c = 0; c < 3; ++c)
            samples[4 * i + c] = alpha == 1 ? 0.5F : i % 2 == 0 ? 0.1F : -0.1F;
        samples[4 * i + 3] = alpha;
    }
    image::ConstImageView view = std::as_const(picture).view();
    view.alpha = image::AlphaMode::premultiplied;
    for (const float value : tile_of(see(view), {0, 0, 64, 64})) EXPECT_NEAR(value, 0.5F, 0.06F);
}

TEST(HiddenColors, StayWhatTheyWereInTheOutput) {
    const Size size{37, 29};
    const image::Image picture = cut_out(size, 0.25F);
    const SeenImage seen = see(picture.view());
    image::Image out(size.width, size.height, 4, image::SampleType::u8);
    const runtime::Rect whole{0, 0, size.width, size.height};
    std::vector<float> values(static_cast<std::size_t>(size.width * size.height * 3), 0.75F);
    store_pixels({values, whole}, whole, seen, std::nullopt, out.view());
    const auto alpha = load_alpha(seen.view, whole);
    for (std::size_t i = 0; i < alpha.size(); ++i)
        EXPECT_EQ(out.bytes()[4 * i], std::byte(alpha[i] > 0 ? 191 : 64)) << i;
}

TEST(HiddenColors, AreNotResampled) {
    const Size size{130, 75};
    const image::Image black = cut_out(size, 0), loud = cut_out(size, 1);
    const runtime::Rect rect{0, 0, 40, 23};
    std::vector<float> one(40 * 23 * 3), other(one.size());
    load_resampled(see(black.view()), 40, 23, rect, 3, one);
    load_resampled(see(loud.view()), 40, 23, rect, 3, other);
    EXPECT_EQ(one, other);
}

TEST(HiddenColors, AreNotMeasured) {
    const Size size{300, 280};
    image::Image picture = cut_out(size, 0);
    auto *samples = reinterpret_cast<float *>(picture.bytes().data());
    std::mt19937 random(5);
    std::normal_distribution<float> loud(0.5F, 0.3F);
    for (std::size_t i = 0; i < picture.bytes().size() / 16; ++i)
        for (std::size_t c = 0; c < 3 && samples[4 * i + 3] == 0; ++c) samples[4 * i + c] = loud(random);
    for (const image::AlphaMode mode : {image::AlphaMode::straight, image::AlphaMode::premultiplied}) {
        image::ConstImageView view = std::as_const(picture).view();
        view.alpha = mode;
        EXPECT_NEAR(estimate_noise_level(view), 15, 1.5);
    }
}

TEST(HiddenColors, LeaveTooLittleToMeasure) {
    image::Image picture(100, 100, 4, image::SampleType::u8);
    for (std::size_t i = 0; i < 7; ++i) picture.bytes()[4 * i + 3] = std::byte{255};
    EXPECT_THAT(
        [&] { static_cast<void>(estimate_noise_level(std::as_const(picture).view())); },
        mirra::test::throws_error(ErrorCode::invalid_argument, "of an image of 100x100 there are too few"));
    EXPECT_FALSE(look_at_noise(std::as_const(picture).view()).sigma.has_value());
    EXPECT_THAT(look_at_noise(std::as_const(picture).view()).explained, ::testing::Each(0.0));
}

} // namespace
} // namespace mirra::host
