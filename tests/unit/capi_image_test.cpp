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
    const mirra_image view = view_of(picture);
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

TEST(CapiImage, BytesInTheOtherOrderBecomeTheSameFile) {
    Ramp pixels(MIRRA_COLOR_RGBA);
    const std::string path = temporary("picture.png"), other = temporary("other.png");
    EXPECT_OK(mirra_image_write(path.c_str(), &pixels.image, nullptr, nullptr, error));
    for (auto &sample : pixels.samples) sample = static_cast<std::uint16_t>(sample << 8 | sample >> 8);
    pixels.image.format = MIRRA_FORMAT_U16_SWAPPED;
    EXPECT_OK(mirra_image_write(other.c_str(), &pixels.image, nullptr, nullptr, error));
    const auto bytes_of = [](const std::string &file) {
        std::ifstream stream(file, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(stream), {});
    };
    EXPECT_FALSE(bytes_of(path).empty());
    EXPECT_EQ(bytes_of(path), bytes_of(other));
}

TEST(CapiImage, AFormatThatIsSaidNeedsNoEnding) {
    Ramp pixels(MIRRA_COLOR_RGB);
    MIRRA_STRUCT(mirra_write_options, options);
    options.format = "jpeg";
    const std::string path = temporary("picture");
    EXPECT_OK(mirra_image_write(path.c_str(), &pixels.image, nullptr, &options, error));
    Picture picture;
    EXPECT_OK(mirra_image_read(path.c_str(), nullptr, picture.out(), error));
    MIRRA_STRUCT(mirra_picture_info, info);
    EXPECT_OK(mirra_picture_get_info(picture.get(), &info, error));
    EXPECT_STREQ("jpeg", info.file_format);
    options.format = "gif";
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED,
                  mirra_image_write(path.c_str(), &pixels.image, nullptr, &options, error));
}

TEST(CapiImage, WhatAWriteWouldRefuseIsSaidBefore) {
    MIRRA_STRUCT(mirra_image, wide);
    wide.width = 70000;
    wide.height = 1;
    const std::string png = temporary("new.png"), jpeg = temporary("new.jpg");
    EXPECT_OK(mirra_image_check_write(png.c_str(), &wide, nullptr, error));
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED, mirra_image_check_write(jpeg.c_str(), &wide, nullptr, error));
    EXPECT_OK(mirra_image_check_write(jpeg.c_str(), nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED,
                  mirra_image_check_write(temporary("new.bmp").c_str(), nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_NOT_FOUND,
                  mirra_image_check_write(temporary("none/new.png").c_str(), nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_image_check_write(nullptr, nullptr, nullptr, error));
    EXPECT_FALSE(std::ifstream(png).is_open()) << "nothing is made";
}

TEST(CapiImage, AFileOfBytesIsWrittenAsAll) {
    const std::string path = temporary("table.csv");
    EXPECT_OK(mirra_file_check_write(path.c_str(), error));
    EXPECT_OK(mirra_file_write(path.c_str(), "a,b\n", 4, error));
    EXPECT_OK(mirra_file_write(path.c_str(), "c", 1, error));
    std::string content;
    std::getline(std::ifstream(path), content);
    EXPECT_EQ(content, "c");
    EXPECT_OK(mirra_file_write(path.c_str(), nullptr, 0, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_file_write(path.c_str(), nullptr, 1, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_file_write("-", "c", 1, error));
    EXPECT_STATUS(MIRRA_E_IO, mirra_file_write("/dev/full", "c", 1, error));
    EXPECT_STATUS(MIRRA_E_IO,
                  mirra_file_check_write(std::filesystem::path(path).parent_path().c_str(), error));
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
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED, mirra_image_write(temporary("picture.bmp").c_str(), &pixels.image,
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
    const mirra_image view = view_of(picture);
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
    const mirra_image view = view_of(picture);
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

/// A PNG of one 16-bit RGB pixel with a chunk behind its header.
std::string tagged_png(const std::string &name, const std::string &chunk) {
    Pixels<std::uint16_t> pixels(1, 1, MIRRA_COLOR_RGB, MIRRA_FORMAT_U16);
    pixels.samples = {14027, 14027, 14027}; // 0.5 on the curve
    const std::string path = temporary(name);
    EXPECT_OK(mirra_image_write(path.c_str(), &pixels.image, nullptr, nullptr, error));
    std::ifstream in(path, std::ios::binary);
    std::string file(std::istreambuf_iterator<char>(in), {});
    constexpr std::size_t kHeader = 8 + 12 + 13;
    file.insert(kHeader, chunk);
    std::ofstream(path, std::ios::binary) << file;
    return path;
}
const std::string kGammaOne("\0\0\0\4gAMA\0\1\x86\xa0\x31\xe8\x96\x5f", 16);
const std::string kDisplayP3("\0\0\0\4cICP\x0c\x0d\0\1\x6e\x03\xe3\xef", 16);
const std::string kCredentials("\0\0\0\0caBX\xe6\x3d\xd2\xa7", 12);

std::string color_tag(const Picture &picture) {
    MIRRA_STRUCT(mirra_picture_info, info);
    EXPECT_OK(mirra_picture_get_info(picture.get(), &info, error));
    return info.color_tag;
}

/// The first sample of a picture file of 16 bits, and whether it is linear light.
std::pair<int, bool> first_sample(const std::string &path) {
    Picture picture;
    EXPECT_OK(mirra_image_read(path.c_str(), nullptr, picture.out(), error));
    const mirra_image view = view_of(picture);
    EXPECT_EQ(MIRRA_FORMAT_U16, view.format);
    return {*static_cast<const std::uint16_t *>(view.planes[0].data), view.transfer == MIRRA_TRANSFER_LINEAR};
}

TEST(CapiImage, LightAndTagsAgreeInEveryFile) {
    Picture source;
    EXPECT_OK(mirra_image_read(tagged_png("linear.png", kGammaOne).c_str(), nullptr, source.out(), error));
    mirra_image view = view_of(source);
    ASSERT_EQ(MIRRA_TRANSFER_LINEAR, view.transfer);
    const std::string out = temporary("out.png");
    EXPECT_OK(mirra_image_write(out.c_str(), &view, source.get(), nullptr, error));
    EXPECT_EQ(std::pair(14027, true), first_sample(out)) << "linear light stays what it is";
    EXPECT_OK(mirra_image_write(out.c_str(), &view, nullptr, nullptr, error));
    EXPECT_FALSE(first_sample(out).second);
    EXPECT_NEAR(32768, first_sample(out).first, 3) << "without tags it is on the curve";
    view.transfer = MIRRA_TRANSFER_ENCODED;
    EXPECT_OK(mirra_image_write(out.c_str(), &view, source.get(), nullptr, error));
    EXPECT_EQ(std::pair(14027, false), first_sample(out)) << "an encoded image is not tagged as linear";
    Picture back;
    EXPECT_OK(mirra_image_read(out.c_str(), nullptr, back.out(), error));
    EXPECT_EQ("srgb", color_tag(back));
}

TEST(CapiImage, LinearLightGoesOnTheCurveWhereBitsAreFew) {
    Picture source;
    EXPECT_OK(mirra_image_read(tagged_png("linear.png", kGammaOne).c_str(), nullptr, source.out(), error));
    const mirra_image view = view_of(source);
    MIRRA_STRUCT(mirra_write_options, options);
    options.bit_depth = 8;
    const std::string narrow = temporary("narrow.png");
    const std::string jpeg = temporary("narrow.jpg");
    EXPECT_OK(mirra_image_write(narrow.c_str(), &view, source.get(), &options, error));
    options.bit_depth = 0;
    EXPECT_OK(mirra_image_write(jpeg.c_str(), &view, source.get(), &options, error));
    for (const std::string &path : {narrow, jpeg}) {
        Picture back;
        EXPECT_OK(mirra_image_read(path.c_str(), nullptr, back.out(), error));
        const mirra_image shown = view_of(back);
        EXPECT_EQ(MIRRA_TRANSFER_ENCODED, shown.transfer);
        EXPECT_NEAR(128, *static_cast<const std::uint8_t *>(shown.planes[0].data), 2);
    }
}

TEST(CapiImage, ColourTagsAreCopiedComparedAndConverted) {
    Picture wide, plain;
    EXPECT_OK(mirra_image_read(tagged_png("wide.png", kDisplayP3).c_str(), nullptr, wide.out(), error));
    EXPECT_OK(mirra_picture_create(1, 1, MIRRA_FORMAT_U16, MIRRA_COLOR_RGB, plain.out(), error));
    EXPECT_EQ("cicp", color_tag(wide));
    EXPECT_EQ("", color_tag(plain));
    EXPECT_EQ(0, mirra_picture_same_color(wide.get(), plain.get()));
    EXPECT_OK(mirra_picture_copy_color(plain.get(), wide.get(), error));
    EXPECT_EQ(1, mirra_picture_same_color(wide.get(), plain.get()));
    const mirra_image view = view_of(plain);
    const std::string out = temporary("out.png");
    EXPECT_OK(mirra_image_write(out.c_str(), &view, plain.get(), nullptr, error));
    Picture back;
    EXPECT_OK(mirra_image_read(out.c_str(), nullptr, back.out(), error));
    EXPECT_EQ(1, mirra_picture_same_color(wide.get(), back.get()));
    EXPECT_OK(mirra_picture_to_srgb(wide.get(), error));
    EXPECT_EQ("srgb", color_tag(wide));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_picture_to_srgb(nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_picture_copy_color(plain.get(), nullptr, error));
    EXPECT_EQ(0, mirra_picture_same_color(nullptr, plain.get()));
}

TEST(CapiImage, WhatAFileLosesIsTold) {
    Picture source;
    EXPECT_OK(mirra_image_read(tagged_png("signed.png", kCredentials).c_str(), nullptr, source.out(), error));
    MIRRA_STRUCT(mirra_picture_info, info);
    EXPECT_OK(mirra_picture_get_info(source.get(), &info, error));
    ASSERT_EQ(1U, info.note_count);
    EXPECT_THAT(mirra_picture_note(source.get(), 0), ::testing::HasSubstr("C2PA"));
    EXPECT_EQ(nullptr, mirra_picture_note(source.get(), 1));
    EXPECT_EQ(nullptr, mirra_picture_note(nullptr, 0));
    const mirra_image view = view_of(source);
    std::vector<std::string> told;
    MIRRA_STRUCT(mirra_write_options, options);
    options.log_user = &told;
    options.log = [](void *user, std::int32_t level, const char *note) {
        EXPECT_EQ(MIRRA_LOG_WARNING, level);
        static_cast<std::vector<std::string> *>(user)->emplace_back(note);
    };
    EXPECT_OK(mirra_image_write(temporary("out.png").c_str(), &view, source.get(), &options, error));
    EXPECT_THAT(told, ::testing::ElementsAre(mirra_picture_note(source.get(), 0)));
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
