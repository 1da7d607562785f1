// Pictures and files, noise and quality through the C interface.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace mirra::test {
namespace {

/// A picture of 24 x 18 pixels, no two samples near each other alike.
struct Ramp : Pixels<std::uint16_t> {
    explicit Ramp(std::int32_t color) : Pixels(24, 18, color, MIRRA_FORMAT_U16) {
        for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::uint16_t>(i * 37);
    }
};

TEST(CapiImage, SixteenBitRgbaSurvivesAPngFile) {
    Ramp pixels(MIRRA_COLOR_RGBA);
    const std::string path = temporary("picture.png");
    EXPECT_OK(mirra_image_write(path.c_str(), &pixels.image, nullptr, nullptr, error));
    Picture picture;
    EXPECT_OK(mirra_image_read(path.c_str(), nullptr, picture.out(), error));
    MIRRA_STRUCT(mirra_image, view);
    EXPECT_OK(mirra_picture_view(picture.get(), &view, error));
    ASSERT_EQ(MIRRA_FORMAT_U16, view.format);
    ASSERT_EQ(MIRRA_COLOR_RGBA, view.color);
    const auto *samples = static_cast<const std::uint16_t *>(view.planes[0].data);
    EXPECT_EQ(pixels.samples, std::vector<std::uint16_t>(samples, samples + pixels.samples.size()));
    MIRRA_STRUCT(mirra_picture_info, info);
    EXPECT_OK(mirra_picture_get_info(picture.get(), &info, error));
    EXPECT_EQ(16, info.bit_depth);
    EXPECT_STREQ("png", info.file_format);
    EXPECT_EQ(0U, info.icc_bytes);
}

TEST(CapiImage, WriteOptionsAreCheckedAndUsed) {
    Ramp pixels(MIRRA_COLOR_RGB);
    MIRRA_STRUCT(mirra_write_options, options);
    options.bit_depth = 8;
    const std::string path = temporary("picture.png");
    EXPECT_OK(mirra_image_write(path.c_str(), &pixels.image, nullptr, &options, error));
    Picture picture;
    EXPECT_OK(mirra_image_read(path.c_str(), nullptr, picture.out(), error));
    MIRRA_STRUCT(mirra_picture_info, info);
    EXPECT_OK(mirra_picture_get_info(picture.get(), &info, error));
    EXPECT_EQ(8, info.bit_depth);
    options.bit_depth = 12;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_image_write(path.c_str(), &pixels.image, nullptr, &options, error));
    options.bit_depth = 0;
    options.reserved = 1;
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED,
                  mirra_image_write(path.c_str(), &pixels.image, nullptr, &options, error));
    options.reserved = 0;
    options.jpeg_quality = 101;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_image_write(path.c_str(), &pixels.image, nullptr, &options, error));
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED, mirra_image_write(temporary("picture.tiff").c_str(), &pixels.image,
                                                         nullptr, nullptr, error));
}

TEST(CapiImage, JpegQualityChangesTheFile) {
    Ramp pixels(MIRRA_COLOR_RGB);
    const auto size = [&](std::int32_t quality) {
        MIRRA_STRUCT(mirra_write_options, options);
        options.jpeg_quality = quality;
        const std::string path = temporary("picture.jpg");
        EXPECT_OK(mirra_image_write(path.c_str(), &pixels.image, nullptr, &options, error));
        return std::filesystem::file_size(path);
    };
    EXPECT_LT(size(20), size(99));
}

TEST(CapiImage, ALimitOnPixelsIsKept) {
    Ramp pixels(MIRRA_COLOR_RGB);
    const std::string path = temporary("picture.png");
    EXPECT_OK(mirra_image_write(path.c_str(), &pixels.image, nullptr, nullptr, error));
    MIRRA_STRUCT(mirra_read_options, options);
    options.max_pixels = 24 * 18 - 1;
    Picture picture;
    EXPECT_STATUS(MIRRA_E_LIMIT, mirra_image_read(path.c_str(), &options, picture.out(), error));
    std::ofstream(path, std::ios::trunc) << "no picture";
    Failure failure;
    EXPECT_EQ(MIRRA_E_UNSUPPORTED, mirra_image_read(path.c_str(), nullptr, picture.out(), failure.out()));
    EXPECT_THAT(message(failure), ::testing::HasSubstr(path));
}

TEST(CapiImage, APictureIsMadeAndFilledByItsView) {
    Picture picture;
    EXPECT_OK(mirra_picture_create(3, 2, MIRRA_FORMAT_F32, MIRRA_COLOR_GRAY, picture.out(), error));
    MIRRA_STRUCT(mirra_image, view);
    EXPECT_OK(mirra_picture_view(picture.get(), &view, error));
    auto *samples = static_cast<float *>(view.planes[0].data);
    EXPECT_EQ(std::vector<float>(6, 0.0F), std::vector<float>(samples, samples + 6));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_picture_create(0, 2, MIRRA_FORMAT_F32, MIRRA_COLOR_GRAY, picture.out(), error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_picture_create(3, 2, 0, MIRRA_COLOR_GRAY, picture.out(), error));
}

TEST(CapiImage, NoiseIsRepeatableAndIsEstimated) {
    Pixels<float> clean(96, 96, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    clean.samples.assign(clean.samples.size(), 0.5F);
    Pixels<float> noisy(96, 96, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Pixels<float> again(96, 96, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    noisy.samples = again.samples = clean.samples;
    EXPECT_OK(mirra_image_add_noise(&noisy.image, 25, 3, error));
    EXPECT_OK(mirra_image_add_noise(&again.image, 25, 3, error));
    EXPECT_EQ(noisy.samples, again.samples);
    double sigma = 0;
    EXPECT_OK(mirra_image_estimate_noise(&noisy.image, &sigma, error));
    EXPECT_NEAR(25, sigma, 2);
    MIRRA_STRUCT(mirra_comparison, comparison);
    EXPECT_OK(mirra_image_compare(&clean.image, &noisy.image, &comparison, error));
    EXPECT_NEAR(20 * std::log10(255.0 / 25), comparison.psnr, 0.3);
    EXPECT_LT(comparison.ssim, 0.5);
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_image_add_noise(&noisy.image, -1, 3, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_image_add_noise(&noisy.image, NAN, 3, error));
}

TEST(CapiImage, LinearLightIsWrittenOnTheCurve) {
    Pixels<float> linear(2, 1, MIRRA_COLOR_RGBA, MIRRA_FORMAT_F32);
    linear.image.transfer = MIRRA_TRANSFER_LINEAR;
    linear.image.alpha_mode = MIRRA_ALPHA_PREMULTIPLIED;
    linear.samples = {0.2140411F, 0.0F, 1.0F, 1.0F,
                      0.1070206F, 0.0F, 0.5F, 0.5F}; // 0.5, 0 and 1 on the curve
    const std::string path = temporary("linear.png");
    EXPECT_OK(mirra_image_write(path.c_str(), &linear.image, nullptr, nullptr, error));
    Picture picture;
    EXPECT_OK(mirra_image_read(path.c_str(), nullptr, picture.out(), error));
    MIRRA_STRUCT(mirra_image, view);
    EXPECT_OK(mirra_picture_view(picture.get(), &view, error));
    ASSERT_EQ(MIRRA_FORMAT_U16, view.format);
    const auto *samples = static_cast<const std::uint16_t *>(view.planes[0].data);
    const std::uint16_t want[] = {32768, 0, 65535, 65535, 32768, 0, 65535, 32768};
    for (std::size_t i = 0; i < std::size(want); ++i) EXPECT_NEAR(want[i], samples[i], 1) << i;

    const char profile[] = "a profile";
    linear.image.icc = profile;
    linear.image.icc_bytes = sizeof(profile);
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED,
                  mirra_image_write(path.c_str(), &linear.image, nullptr, nullptr, error));
}

TEST(CapiImage, NoiseOfLinearLightIsMeasuredOnTheCurve) {
    Pixels<float> encoded(1100, 1000, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    encoded.samples.assign(encoded.samples.size(), 0.5F);
    EXPECT_OK(mirra_image_add_noise(&encoded.image, 10, 1, error));
    Pixels<float> linear(1100, 1000, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    linear.image.transfer = MIRRA_TRANSFER_LINEAR;
    std::ranges::transform(encoded.samples, linear.samples.begin(),
                           [](float x) { return std::pow((x + 0.055F) / 1.055F, 2.4F); });
    double sigma = 0;
    EXPECT_OK(mirra_image_estimate_noise(&linear.image, &sigma, error));
    EXPECT_NEAR(10, sigma, 0.5);
    MIRRA_STRUCT(mirra_comparison, comparison);
    EXPECT_STATUS(MIRRA_E_MISMATCH, mirra_image_compare(&linear.image, &encoded.image, &comparison, error));
}

TEST(CapiImage, ComparingLooksAtSizes) {
    Pixels<std::uint8_t> small(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Pixels<std::uint8_t> other(9, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    MIRRA_STRUCT(mirra_comparison, comparison);
    EXPECT_STATUS(MIRRA_E_MISMATCH, mirra_image_compare(&small.image, &other.image, &comparison, error));
    EXPECT_OK(mirra_image_compare(&small.image, &small.image, &comparison, error));
    EXPECT_NEAR(80, comparison.psnr, 1e-6);
    EXPECT_TRUE(std::isnan(comparison.ssim));
}

} // namespace
} // namespace mirra::test
