// Noise: its distribution, that it is the same everywhere, and how well it is estimated blindly.
#include "image_test_support.hpp"

#include <cmath>
#include <limits>
#include <numeric>

namespace mirra::test {
namespace {

using image::Image;
using image::SampleType;

TEST(GaussianNoise, IsTheSameEverywhere) {
    std::vector<float> pixels(4);
    image::add_gaussian_noise(pixels, 1.0, 42, false);
    const std::array expected{1.4061449625634999, -0.4013783279560518, 1.0947531324548505,
                              0.4931237017698117}; // by an independent implementation
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(pixels[i], expected[i], 1e-6);
}

TEST(GaussianNoise, OfAValueDependsOnItsPlaceAndTheSeedAlone) {
    std::vector<float> longer(11, 0.5F);
    std::vector<float> shorter(5, 0.5F);
    std::vector<float> other(11, 0.5F);
    image::add_gaussian_noise(longer, 0.1, 7, false);
    image::add_gaussian_noise(shorter, 0.1, 7, false);
    image::add_gaussian_noise(other, 0.1, 8, false);
    EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
    EXPECT_NE(longer, other);
}

TEST(GaussianNoise, IsNormalAndWhite) {
    std::vector<float> noise(400000);
    image::add_gaussian_noise(noise, 1.0, 1, false);
    const auto n = static_cast<double>(noise.size());
    double mean = 0;
    double variance = 0;
    double fourth = 0;
    double neighbours = 0;
    double beyond_two = 0;
    for (std::size_t i = 0; i < noise.size(); ++i) {
        const double value = noise[i];
        mean += value / n;
        variance += value * value / n;
        fourth += value * value * value * value / n;
        beyond_two += std::abs(value) > 2 ? 1 / n : 0;
        if (i > 0) neighbours += value * static_cast<double>(noise[i - 1]) / n;
    }
    EXPECT_NEAR(mean, 0, 0.008);
    EXPECT_NEAR(variance, 1, 0.012);
    EXPECT_NEAR(fourth, 3, 0.08);
    EXPECT_NEAR(neighbours, 0, 0.008);
    EXPECT_NEAR(beyond_two, 0.0455, 0.002);
}

TEST(GaussianNoise, ClipsWhereItIsAsked) {
    std::vector<float> pixels(1000, 0.9F);
    image::add_gaussian_noise(pixels, 0.5, 3, true);
    const auto [low, high] = std::ranges::minmax(pixels);
    EXPECT_EQ(low, 0.0F);
    EXPECT_EQ(high, 1.0F);
    EXPECT_EQ(error_of([&] { image::add_gaussian_noise(pixels, -0.1, 3, true); }),
              code(ErrorCode::invalid_argument));
    EXPECT_EQ(error_of([&] {
                  image::add_gaussian_noise(pixels, std::numeric_limits<double>::infinity(), 3, true);
              }),
              code(ErrorCode::invalid_argument));
}

constexpr int kWidth = 256;
constexpr int kHeight = 192;

/// Slopes, stripes that grow finer, discs with sharp edges, a black frame and a white corner.
std::vector<float> textured_picture() {
    std::vector<float> values;
    for (int y = 0; y < kHeight; ++y) {
        for (int x = 0; x < kWidth; ++x) {
            for (int c = 0; c < 3; ++c) {
                double value = 0.2 + 0.5 * x / kWidth + 0.1 * c;
                if (y > 100) value += 0.15 * std::sin(0.004 * x * x + 0.3 * y);
                if (std::hypot(x - 60.0, y - 60.0) < 25) value = 0.8 - 0.2 * c;
                if (std::hypot(x - 180.0, y - 50.0) < 40) value = 0.1 + 0.05 * c;
                if (x < 12 || y < 12) value = 0;
                if (x > 230 && y > 160) value = 1;
                values.push_back(static_cast<float>(std::clamp(value, 0.0, 1.0)));
            }
        }
    }
    return values;
}

/// The same covered with a texture of brightness alone, as fine as noise: leaves, sand.
std::vector<float> finely_textured_picture() {
    auto values = textured_picture();
    std::vector<float> texture(values.size() / 3);
    image::add_gaussian_noise(texture, 12.0 / 255, 99, false);
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = std::clamp(values[i] + texture[i / 3], 0.0F, 1.0F);
    return values;
}

double estimate_at(double sigma, bool clipped, std::uint64_t seed, std::vector<float> values) {
    image::add_gaussian_noise(values, sigma, seed, clipped);
    if (!clipped) {
        const auto bytes = std::as_bytes(std::span(values));
        return image::estimate_noise(
            image::interleaved_view(bytes.data(), kWidth, kHeight, 3, SampleType::f32));
    }
    Image picture(kWidth, kHeight, 3, SampleType::u8);
    image::scatter({values, kWidth, kHeight, 3}, 0, 0, picture.view(), {0, 0, kWidth, kHeight});
    return image::estimate_noise(picture.view());
}

TEST(EstimateNoise, IsAccurateFromFiveToSeventyFive) {
    for (const double sigma : {5.0, 10.0, 15.0, 25.0, 35.0, 50.0, 75.0}) {
        for (const bool clipped : {false, true}) {
            const double estimate = 255 * estimate_at(sigma / 255, clipped, static_cast<std::uint64_t>(sigma),
                                                      textured_picture());
            RecordProperty((clipped ? "clipped" : "unclipped") + std::to_string(static_cast<int>(sigma)),
                           std::to_string(estimate));
            EXPECT_NEAR(estimate, sigma, 0.3 + 0.03 * sigma) << (clipped ? "clipped" : "unclipped");
        }
    }
}

TEST(EstimateNoise, OfColorsIsNotMisledByFineTexture) {
    for (const double sigma : {15.0, 25.0, 50.0})
        for (const bool clipped : {false, true})
            EXPECT_NEAR(255 * estimate_at(sigma / 255, clipped, static_cast<std::uint64_t>(sigma),
                                          finely_textured_picture()),
                        sigma, 0.05 * sigma)
                << (clipped ? "clipped" : "unclipped");
}

TEST(EstimateNoise, CommonToTheChannelsIsFound) {
    std::vector<float> grain(96 * 80, 0.4F), colors;
    image::add_gaussian_noise(grain, 12.0 / 255, 4, false);
    for (const float value : grain) colors.insert(colors.end(), 3, value);
    const auto bytes = std::as_bytes(std::span(colors));
    EXPECT_NEAR(255 *
                    image::estimate_noise(image::interleaved_view(bytes.data(), 96, 80, 3, SampleType::f32)),
                12, 0.8);
}

TEST(EstimateNoise, IsTheMeanOverChannelsOfUnequalNoise) {
    std::vector<float> values(128 * 96 * 3, 0.5F), unit(values.size());
    image::add_gaussian_noise(unit, 1.0 / 255, 6, false);
    constexpr std::array kSigmas{6.0F, 8.0F, 14.0F};
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += kSigmas[i % 3] * unit[i];
    const auto bytes = std::as_bytes(std::span(values));
    EXPECT_NEAR(255 *
                    image::estimate_noise(image::interleaved_view(bytes.data(), 128, 96, 3, SampleType::f32)),
                std::sqrt((36 + 64 + 196) / 3.0), 0.5);
}

TEST(EstimateNoise, OfACleanPictureIsSmall) {
    const auto values = textured_picture();
    const auto bytes = std::as_bytes(std::span(values));
    const double estimate =
        image::estimate_noise(image::interleaved_view(bytes.data(), kWidth, kHeight, 3, SampleType::f32));
    EXPECT_GE(estimate, 0.0);
    EXPECT_LT(estimate, 1.0 / 255);
}

/// A ground of one colour, as of a cut-out or a letterbox, over `share` of the width.
double estimate_beside_ground(double share, const std::array<std::uint8_t, 3> &color) {
    auto values = textured_picture();
    image::add_gaussian_noise(values, 25.0 / 255, 3, true);
    Image picture(kWidth, kHeight, 3, SampleType::u8);
    image::scatter({values, kWidth, kHeight, 3}, 0, 0, picture.view(), {0, 0, kWidth, kHeight});
    const auto bytes = picture.bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i)
        if (static_cast<double>(i / 3 % kWidth) < share * kWidth)
            bytes[i] = static_cast<std::byte>(color.at(i % 3));
    return 255 * image::estimate_noise(picture.view());
}

TEST(EstimateNoise, IsNotMisledByAPaintedGround) {
    for (const double share : {0.1, 0.3, 0.6})
        for (const auto &color :
             {std::array<std::uint8_t, 3>{128, 128, 128}, {90, 140, 200}, {255, 255, 255}})
            EXPECT_NEAR(estimate_beside_ground(share, color), 25, 2.5)
                << share << " of the width, red " << int{color[0]};
}

TEST(EstimateNoise, OfADrawingInManyColorsIsZero) {
    Image drawing(kWidth, kHeight, 3, SampleType::u8);
    const auto bytes = drawing.bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::size_t x = i / 3 % kWidth, y = i / 3 / kWidth, patch = x / 32 + 8 * (y / 32);
        bytes[i] = static_cast<std::byte>((patch * (37 + 40 * (i % 3))) % 256);
    }
    EXPECT_LT(255 * image::estimate_noise(drawing.view()), 0.1);
}

/// Signs of two colours, with sharp edges or soft ones.
TEST(EstimateNoise, OfADrawingInFewColorsIsSmall) {
    for (const double softness : {0.01, 1.0}) {
        std::vector<float> values;
        for (int y = 0; y < kHeight; ++y)
            for (int x = 0; x < kWidth; ++x) {
                const double to_ring = std::abs(std::hypot(x % 16 - 8.0, y % 12 - 6.0) - 4) - 1;
                const bool written = x / 16 % 3 != 0 && y / 12 % 4 != 3;
                const double ink = written ? std::clamp(0.5 - to_ring / softness, 0.0, 1.0) : 0;
                for (const double contrast : {0.6, 0.5, -0.2})
                    values.push_back(static_cast<float>(0.3 + contrast * ink));
            }
        Image drawing(kWidth, kHeight, 3, SampleType::u8);
        image::scatter({values, kWidth, kHeight, 3}, 0, 0, drawing.view(), {0, 0, kWidth, kHeight});
        EXPECT_LT(255 * image::estimate_noise(drawing.view()), 2) << softness;
    }
}

/// Letters on paper, as in a screenshot, black on white and white on black.
TEST(EstimateNoise, OfTextOnPaperIsNothing) {
    for (const bool dark : {false, true}) {
        Image page(kWidth, kHeight, 3, SampleType::u8);
        const auto bytes = page.bytes();
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            const std::size_t x = i / 3 % kWidth, y = i / 3 / kWidth;
            const double to_ring =
                std::abs(std::hypot(static_cast<double>(x % 14) - 7, static_cast<double>(y % 20) - 5) - 3) -
                1;
            const bool written = (x / 14 * 7 + y / 20 * 5) % 5 > 1;
            const double ink = written ? std::clamp(0.5 - to_ring, 0.0, 1.0) : 0;
            bytes[i] = static_cast<std::byte>(255 * (dark ? ink : 1 - ink));
        }
        EXPECT_LT(255 * image::estimate_noise(page.view()), 0.1) << dark;
    }
}

TEST(EstimateNoise, OfFlatPicturesIsZero) {
    for (const int value : {0, 77, 255}) {
        Image flat(32, 32, 1, SampleType::u8);
        std::ranges::fill(flat.bytes(), static_cast<std::byte>(value));
        EXPECT_NEAR(image::estimate_noise(flat.view()), 0.0, 1e-6) << value;
    }
}

TEST(EstimateNoise, OfSmallGrayPicturesSkippingAlpha) {
    std::vector<float> values(20 * 24 * 2, 0.5F);
    for (std::size_t i = 1; i < values.size(); i += 2) values[i] = static_cast<float>(7 + i % 7) / 14.0F;
    std::vector<float> noise(20 * 24);
    image::add_gaussian_noise(noise, 0.1, 5, false);
    for (std::size_t i = 0; i < noise.size(); ++i) values[2 * i] += noise[i];
    const auto bytes = std::as_bytes(std::span(values));
    EXPECT_NEAR(image::estimate_noise(image::interleaved_view(bytes.data(), 20, 24, 2, SampleType::f32)), 0.1,
                0.02);
}

TEST(EstimateNoise, OfWhatIsHiddenIsNothing) {
    Image picture(96, 96, 4, SampleType::u8);
    std::vector<float> loud(picture.bytes().size(), 0.5F);
    image::add_gaussian_noise(loud, 0.3, 5, true);
    const auto bytes = picture.bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const bool visible = i / 4 % 96 < 48;
        bytes[i] = i % 4 == 3 ? std::byte(visible ? 255 : 0)
                   : visible  ? std::byte{120}
                              : static_cast<std::byte>(255 * loud[i]);
    }
    EXPECT_NEAR(image::estimate_noise(picture.view()), 0, 1e-6);
    for (std::size_t i = 3; i < bytes.size(); i += 4)
        if (i / 4 != 96 * 50 + 40) bytes[i] = std::byte{0};
    EXPECT_EQ(error_of([&] { (void)image::estimate_noise(picture.view()); }),
              code(ErrorCode::invalid_argument));
}

TEST(EstimateNoise, RefusesThumbnails) {
    const Image tiny(15, 40, 3, SampleType::u8);
    EXPECT_EQ(error_of([&] { (void)image::estimate_noise(tiny.view()); }), code(ErrorCode::invalid_argument));
}

} // namespace
} // namespace mirra::test
