// gather, scatter, copy_alpha: every sample type and layout, tiles beyond the edges.
#include "image_test_support.hpp"

#include <cmath>
#include <limits>
#include <numeric>

namespace mirra::test {
namespace {

using image::AlphaMode;
using image::ConstImageView;
using image::FloatPixels;
using image::Image;
using image::ImageView;
using image::Rect;
using image::SampleType;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> gathered(const ConstImageView &view, const Rect &rect, int channels) {
    std::vector<float> out(static_cast<std::size_t>(rect.width * rect.height * channels), -7.0F);
    image::gather(view, rect, out, channels);
    return out;
}

ConstImageView whole(const Image &picture) {
    return picture.view();
}

TEST(Gather, ReplicatesEdgesOfAnOddTile) {
    const Image picture = random_image(7, 5, 3, SampleType::u8);
    const Rect rect{-3, -2, 15, 11};
    const auto out = gathered(whole(picture), rect, 3);
    for (int y = 0; y < rect.height; ++y) {
        for (int x = 0; x < rect.width; ++x) {
            for (int c = 0; c < 3; ++c) {
                const std::byte *at = whole(picture).at(c, std::clamp(x - 3, 0, 6), std::clamp(y - 2, 0, 4));
                ASSERT_EQ(out[static_cast<std::size_t>((y * rect.width + x) * 3 + c)],
                          std::to_integer<int>(*at) / 255.0F);
            }
        }
    }
}

TEST(Gather, ATileFarOutsideRepeatsTheNearestPixel) {
    const Image picture = random_image(3, 2, 1, SampleType::u8);
    const float first = std::to_integer<int>(picture.bytes()[0]) / 255.0F;
    const float last = std::to_integer<int>(picture.bytes()[5]) / 255.0F;
    EXPECT_THAT(gathered(whole(picture), {-100, -100, 2, 3}, 1), testing::Each(first));
    EXPECT_THAT(gathered(whole(picture), {2147483000, 2147483000, 3, 2}, 3), testing::Each(last));
}

TEST(Gather, ReadsPlanarMirroredAndTransposed) {
    const Image picture = random_image(5, 4, 3, SampleType::u16);
    const auto plain = gathered(whole(picture), {0, 0, 5, 4}, 3);
    Bytes planes(picture.bytes().size());
    ImageView planar{5, 4, 3, SampleType::u16, AlphaMode::none, {}, {}, 2, 10};
    for (std::size_t c = 0; c < 3; ++c) planar.data[c] = planes.data() + c * 40;
    image::scatter({plain, 5, 4, 3}, 0, 0, planar, {0, 0, 5, 4});
    EXPECT_EQ(gathered(planar, {0, 0, 5, 4}, 3), plain);

    ConstImageView turned = planar; // by 180 degrees
    for (std::size_t c = 0; c < 3; ++c) turned.data[c] += 38;
    turned.x_stride = -2, turned.y_stride = -10;
    const auto backwards = gathered(turned, {0, 0, 5, 4}, 3);
    ConstImageView transposed = whole(picture);
    std::swap(transposed.width, transposed.height);
    std::swap(transposed.x_stride, transposed.y_stride);
    const auto across = gathered(transposed, {0, 0, 4, 5}, 3);
    for (std::size_t y = 0; y < 4; ++y) {
        for (std::size_t x = 0; x < 5; ++x) {
            for (std::size_t c = 0; c < 3; ++c) {
                ASSERT_EQ(backwards[((3 - y) * 5 + 4 - x) * 3 + c], plain[(y * 5 + x) * 3 + c]);
                ASSERT_EQ(across[(x * 4 + y) * 3 + c], plain[(y * 5 + x) * 3 + c]);
            }
        }
    }
}

TEST(Gather, ConvertsChannels) {
    Image gray(1, 1, 2, SampleType::u8);
    gray.bytes()[0] = std::byte{51}, gray.bytes()[1] = std::byte{9};
    EXPECT_THAT(gathered(whole(gray), {0, 0, 1, 1}, 3), testing::ElementsAre(0.2F, 0.2F, 0.2F));
    Image color(1, 1, 4, SampleType::u8);
    color.bytes()[0] = std::byte{51}, color.bytes()[1] = std::byte{102}, color.bytes()[2] = std::byte{153};
    EXPECT_THAT(gathered(whole(color), {0, 0, 1, 1}, 3), testing::ElementsAre(0.2F, 0.4F, 0.6F));
    EXPECT_THAT(gathered(whole(color), {0, 0, 1, 1}, 1), testing::ElementsAre(testing::FloatEq(0.4F)));
}

TEST(Gather, FloatsPassButForNanAndInfinity) {
    const std::array<float, 5> in{-0.5F, 1.5F, kNan, kInfinity, -kInfinity};
    const auto view = image::interleaved_view(std::as_bytes(std::span(in)).data(), 5, 1, 1, SampleType::f32);
    EXPECT_THAT(gathered(view, {0, 0, 5, 1}, 1),
                testing::ElementsAre(-0.5F, 1.5F, 0.0F, 65504.0F, -65504.0F));
}

TEST(Gather, ReadsEveryHalf) {
    std::vector<std::uint16_t> halves(65536);
    std::iota(halves.begin(), halves.end(), std::uint16_t{0});
    const auto view =
        image::interleaved_view(std::as_bytes(std::span(halves)).data(), 256, 256, 1, SampleType::f16);
    const auto out = gathered(view, {0, 0, 256, 256}, 1);
    for (unsigned i = 0; i < 65536; ++i) {
        const unsigned exponent = i >> 10 & 31U;
        const float sign = i >> 15 != 0 ? -1.0F : 1.0F;
        const auto mantissa = static_cast<float>(i & 1023U);
        float expected = exponent == 0 ? std::ldexp(mantissa, -24)
                                       : std::ldexp(1024.0F + mantissa, static_cast<int>(exponent) - 25);
        if (exponent == 31) expected = mantissa == 0 ? 65504.0F : 0.0F;
        ASSERT_EQ(out[i], sign * expected) << i;
    }
}

TEST(Gather, RefusesMemoryThatDoesNotFit) {
    const Image picture = random_image(3, 3, 3, SampleType::u8);
    std::vector<float> out(27);
    const auto attempt = [&](const Rect &rect, std::size_t count, int channels) {
        return error_of([&] { image::gather(whole(picture), rect, std::span(out).first(count), channels); });
    };
    EXPECT_EQ(attempt({0, 0, 3, 3}, 27, 3), 0);
    EXPECT_EQ(attempt({0, 0, 3, 3}, 26, 3), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt({0, 0, 3, 3}, 27, 2), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt({0, 0, 0, 3}, 0, 3), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt({0, 0, -3, -3}, 27, 3), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt({0, 0, 2147483647, 2147483647}, 27, 3), code(ErrorCode::invalid_argument));
}

TEST(Scatter, RoundTripsEveryIntegerValue) {
    for (const SampleType type : {SampleType::u8, SampleType::u16}) {
        const int side = type == SampleType::u8 ? 16 : 256;
        Image picture(side, side, 1, type);
        for (int i = 0; i < side * side; ++i) {
            const auto narrow = static_cast<std::uint8_t>(i);
            const auto wide = static_cast<std::uint16_t>(i);
            if (type == SampleType::u8) std::memcpy(picture.bytes().data() + i, &narrow, 1);
            if (type == SampleType::u16) std::memcpy(picture.bytes().data() + i * 2, &wide, 2);
        }
        Image back(side, side, 1, type);
        image::scatter({gathered(whole(picture), {0, 0, side, side}, 1), side, side, 1}, 0, 0, back.view(),
                       {0, 0, side, side});
        EXPECT_TRUE(same_pixels(picture, back));
    }
}

TEST(Scatter, HalvesOfTheUnitRangeRoundTripAndRoundToNearest) {
    std::vector<std::uint16_t> halves(0x3c01); // 0 to 1.0
    std::iota(halves.begin(), halves.end(), std::uint16_t{0});
    const int width = static_cast<int>(halves.size());
    const auto view = image::interleaved_view(std::as_writable_bytes(std::span(halves)).data(), width, 1, 1,
                                              SampleType::f16);
    auto values = gathered(view, {0, 0, width, 1}, 1);
    std::vector<std::uint16_t> back(halves.size());
    const auto target =
        image::interleaved_view(std::as_writable_bytes(std::span(back)).data(), width, 1, 1, SampleType::f16);
    image::scatter({values, width, 1, 1}, 0, 0, target, {0, 0, width, 1});
    EXPECT_EQ(back, halves);
    for (std::size_t i = 0; i + 1 < values.size(); ++i) values[i] += (values[i + 1] - values[i]) * 0.49F;
    image::scatter({values, width, 1, 1}, 0, 0, target, {0, 0, width, 1});
    EXPECT_EQ(back, halves);
}

TEST(Scatter, ClampsAndRounds) {
    const std::vector<float> in{-1.0F, 2.0F, kNan, 0.4990F / 255, 0.5010F / 255, kInfinity};
    for (const SampleType type : {SampleType::u8, SampleType::u16, SampleType::f16, SampleType::f32}) {
        Image out(6, 1, 1, type);
        image::scatter({in, 6, 1, 1}, 0, 0, out.view(), {0, 0, 6, 1});
        const auto back = gathered(whole(out), {0, 0, 6, 1}, 1);
        EXPECT_EQ(back[0], 0.0F);
        EXPECT_EQ(back[1], 1.0F);
        EXPECT_EQ(back[2], 0.0F);
        EXPECT_EQ(back[5], 1.0F);
        if (type == SampleType::u8) {
            EXPECT_THAT(values_of(out), testing::ElementsAre(0, 255, 0, 0, 1, 255));
        }
    }
}

TEST(Scatter, WritesOnlyItsRectangleAndLeavesAlpha) {
    Image target(5, 4, 4, SampleType::u8);
    std::ranges::fill(target.bytes(), std::byte{7});
    std::vector<float> tile(4 * 3 * 3);
    for (std::size_t i = 0; i < tile.size(); ++i) tile[i] = static_cast<float>(100 + i) / 255.0F;
    image::scatter({tile, 4, 3, 3}, 1, 1, target.view(), {2, 1, 3, 2});
    for (int y = 0; y < 4; ++y) {
        for (int x = 0; x < 5; ++x) {
            const bool inside = x >= 2 && y >= 1 && y < 3;
            for (int c = 0; c < 4; ++c) {
                const int expected = inside && c < 3 ? 100 + (y * 4 + x - 1) * 3 + c : 7;
                ASSERT_EQ(std::to_integer<int>(*target.view().at(c, x, y)), expected)
                    << x << "," << y << "," << c;
            }
        }
    }
}

TEST(Scatter, ConvertsChannels) {
    const std::vector<float> color{0.2F, 0.4F, 0.9F};
    Image gray(1, 1, 1, SampleType::u8);
    image::scatter({color, 1, 1, 3}, 0, 0, gray.view(), {0, 0, 1, 1});
    EXPECT_THAT(values_of(gray), testing::ElementsAre(128)); // 0.5 * 255 rounded up
    const std::vector<float> one{0.2F};
    Image rgb(1, 1, 3, SampleType::u8);
    image::scatter({one, 1, 1, 1}, 0, 0, rgb.view(), {0, 0, 1, 1});
    EXPECT_THAT(values_of(rgb), testing::ElementsAre(51, 51, 51));
}

TEST(Scatter, RefusesRectanglesOutside) {
    Image target(4, 4, 3, SampleType::u8);
    const std::vector<float> tile(3 * 3 * 3);
    const auto attempt = [&](int x, int y, const Rect &rect) {
        return error_of([&] { image::scatter({tile, 3, 3, 3}, x, y, target.view(), rect); });
    };
    EXPECT_EQ(attempt(0, 0, {1, 1, 3, 3}), 0);
    EXPECT_EQ(attempt(1, 0, {0, 0, 3, 3}), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt(-1, 0, {0, 0, 2, 2}), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt(0, 0, {2, 0, 3, 3}), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt(0, 0, {0, -1, 3, 3}), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt(0, 0, {2147483647, 0, 3, 3}), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt(0, 0, {0, 0, 0, 0}), code(ErrorCode::invalid_argument));
    EXPECT_EQ(error_of([&] { image::scatter({tile, 3, 4, 3}, 0, 0, target.view(), {0, 0, 1, 1}); }),
              code(ErrorCode::invalid_argument));
}

TEST(CopyAlpha, ConvertsFillsAndLeavesAlone) {
    const Image source = random_image(3, 2, 4, SampleType::u8);
    Image wide(3, 2, 2, SampleType::u16);
    image::copy_alpha(whole(source), wide.view());
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(values_of(wide)[i * 2 + 1], values_of(source)[i * 4 + 3] * 257);
        EXPECT_EQ(values_of(wide)[i * 2], 0);
    }
    const Image opaque = random_image(3, 2, 3, SampleType::u8);
    image::copy_alpha(whole(opaque), wide.view());
    EXPECT_EQ(values_of(wide)[1], 65535);
    Image none(3, 2, 3, SampleType::u8);
    image::copy_alpha(whole(source), none.view());
    EXPECT_THAT(values_of(none), testing::Each(0));
    Image other(2, 2, 4, SampleType::u8);
    EXPECT_EQ(error_of([&] { image::copy_alpha(whole(source), other.view()); }), code(ErrorCode::mismatch));
}

} // namespace
} // namespace mirra::test
