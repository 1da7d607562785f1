// PSNR and SSIM against values worked out by hand and by an independent implementation in NumPy.
#include "image_test_support.hpp"

namespace mirra::test {
namespace {

using image::FloatPixels;
using image::Image;
using image::SampleType;

/// A picture with structure at every scale, by a formula that other languages can repeat.
std::vector<float> formula(int width, int height, int channels, int shift) {
    std::vector<float> values;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (int c = 0; c < channels; ++c) {
                values.push_back(static_cast<float>((x * x * 3 + y * 7 + c * 29 + shift * (x * y % 5)) % 64) /
                                 63.0F);
            }
        }
    }
    return values;
}

TEST(Psnr, OfKnownErrors) {
    const std::vector<float> zero(12, 0.0F);
    EXPECT_DOUBLE_EQ(image::psnr(zero, zero), 80.0);
    EXPECT_NEAR(image::psnr(zero, std::vector<float>(12, 1.0F)), 0.0, 1e-6);
    EXPECT_NEAR(image::psnr(zero, std::vector<float>(12, 0.1F)), 20.0, 1e-5);
    std::vector<float> one = zero;
    one[5] = 0.6F; // mse 0.03
    EXPECT_NEAR(image::psnr(zero, one), 15.2287874, 1e-5);
}

TEST(Metrics, AgreeWithNumpy) {
    struct Expected {
        int width, height, channels;
        double ssim, psnr;
    };
    for (const Expected &each : {Expected{11, 11, 1, 0.782749776889, 12.842218029860},
                                 Expected{23, 17, 3, 0.686811861683, 13.017503743674},
                                 Expected{40, 12, 3, 0.731235565422, 13.197242750823}}) {
        const auto a = formula(each.width, each.height, each.channels, 0);
        const auto b = formula(each.width, each.height, each.channels, 2);
        const FloatPixels first{a, each.width, each.height, each.channels};
        const FloatPixels second{b, each.width, each.height, each.channels};
        EXPECT_NEAR(image::ssim(first, second), each.ssim, 1e-9);
        EXPECT_NEAR(image::ssim(second, first), each.ssim, 1e-9);
        EXPECT_NEAR(image::psnr(a, b), each.psnr, 1e-6);
    }
}

TEST(Ssim, OfFlatPicturesIsTheLuminanceTermAlone) {
    const std::vector<float> a(11 * 12, 0.25F);
    const std::vector<float> b(11 * 12, 0.75F);
    const double expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25 * 0.25 + 0.75 * 0.75 + 1e-4);
    EXPECT_NEAR(image::ssim(FloatPixels{a, 11, 12, 1}, FloatPixels{b, 11, 12, 1}), expected, 1e-12);
    EXPECT_NEAR(image::ssim(FloatPixels{a, 11, 12, 1}, FloatPixels{a, 11, 12, 1}), 1.0, 1e-12);
}

TEST(Metrics, RefuseWhatCannotBeCompared) {
    const std::vector<float> values(11 * 11);
    const FloatPixels good{values, 11, 11, 1};
    EXPECT_EQ(error_of([&] { (void)image::psnr(values, std::span(values).first(5)); }),
              code(ErrorCode::mismatch));
    EXPECT_EQ(error_of([] { (void)image::psnr(std::span<const float>{}, {}); }),
              code(ErrorCode::invalid_argument));
    const FloatPixels narrow{std::span(values).first(110), 10, 11, 1};
    EXPECT_EQ(error_of([&] { (void)image::ssim(narrow, narrow); }), code(ErrorCode::invalid_argument));
    EXPECT_EQ(error_of([&] { (void)image::ssim(good, narrow); }), code(ErrorCode::mismatch));
    const FloatPixels lying{std::span(values).first(110), 11, 11, 1};
    EXPECT_EQ(error_of([&] { (void)image::ssim(lying, lying); }), code(ErrorCode::invalid_argument));
}

TEST(Metrics, OfViews) {
    const Image a = random_image(20, 15, 3, SampleType::u8, 1);
    const Image b = random_image(20, 15, 3, SampleType::u8, 2);
    std::vector<float> first(900);
    std::vector<float> second(900);
    image::gather(a.view(), {0, 0, 20, 15}, first, 3);
    image::gather(b.view(), {0, 0, 20, 15}, second, 3);
    EXPECT_EQ(image::psnr(a.view(), b.view()), image::psnr(first, second));
    EXPECT_EQ(image::ssim(a.view(), b.view()),
              image::ssim(FloatPixels{first, 20, 15, 3}, FloatPixels{second, 20, 15, 3}));
    const Image gray = random_image(20, 15, 2, SampleType::u16, 3);
    EXPECT_EQ(image::psnr(gray.view(), gray.view()), 80.0);
    EXPECT_LT(image::psnr(gray.view(), a.view()), 20.0);
    const Image other(15, 20, 3, SampleType::u8);
    EXPECT_EQ(error_of([&] { (void)image::psnr(a.view(), other.view()); }), code(ErrorCode::mismatch));
    EXPECT_EQ(error_of([&] { (void)image::ssim(a.view(), {}); }), code(ErrorCode::invalid_argument));
}

} // namespace
} // namespace mirra::test
