// WebP: pixels, alpha, metadata, animations, damage.
#include "image_file_parts.hpp"

#include <webp/encode.h>
#include <webp/mux.h>

namespace mirra::test {
namespace {

using image::Image;
using image::SampleType;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Webp, QualityOf100IsLossless) {
    for (const int channels : {3, 4}) {
        const Image made = random_image(37, 23, channels, SampleType::u8, 3);
        EXPECT_TRUE(same_pixels(image::decode(image::encode(made, "webp", {.jpeg_quality = 100})), made))
            << channels;
    }
}

TEST(Webp, APhotographStaysCloseAndSmall) {
    const Image made = smooth_image(128, 96, 3);
    const auto bytes = image::encode(made, "webp");
    EXPECT_LT(bytes.size(), made.bytes().size() / 5);
    EXPECT_LE(largest_difference(image::decode(bytes), made), 24);
}

TEST(Webp, GrayBecomesThreeEqualChannels) {
    const Image gray = random_image(9, 7, 2, SampleType::u8);
    const Image back = image::decode(image::encode(gray, "webp", {.jpeg_quality = 100}));
    ASSERT_EQ(back.channels(), 4);
    const auto from = values_of(gray), to = values_of(back);
    for (std::size_t i = 0; i < 9 * 7; ++i)
        EXPECT_THAT((std::vector(to.begin() + static_cast<std::ptrdiff_t>(4 * i),
                                 to.begin() + static_cast<std::ptrdiff_t>(4 * i + 4))),
                    ElementsAre(from[2 * i], from[2 * i], from[2 * i], from[2 * i + 1]));
}

TEST(Webp, MetadataTravel) {
    Image made = random_image(8, 8, 3, SampleType::u8);
    made.metadata.icc = rgb_profile();
    made.metadata.exif = exif_block(1, true);
    made.metadata.xmp = to_bytes(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
        "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
        "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:format=\"photo\"/>"
        "</rdf:RDF></x:xmpmeta>");
    const Image back = image::decode(image::encode(made, "webp"));
    EXPECT_EQ(back.metadata.icc, made.metadata.icc);
    EXPECT_EQ(back.metadata.exif, made.metadata.exif);
    EXPECT_THAT(as_string(back.metadata.xmp), HasSubstr("photo"));
}

TEST(Webp, OrientationIsApplied) {
    Image made = random_image(5, 3, 3, SampleType::u8);
    made.metadata.exif = exif_block(6, false);
    const Image back = image::decode(image::encode(made, "webp", {.jpeg_quality = 100}));
    EXPECT_EQ(back.width(), 3);
    EXPECT_EQ(*back.view().at(0, 2, 0), *made.view().at(0, 0, 0));
}

TEST(Webp, TheFirstPictureOfAnAnimationIsRead) {
    WebPAnimEncoderOptions options{};
    WebPAnimEncoderOptionsInit(&options);
    WebPAnimEncoder *const encoder = WebPAnimEncoderNew(16, 12, &options);
    WebPConfig config{};
    WebPConfigInit(&config);
    config.lossless = 1;
    for (int frame = 0; frame < 3; ++frame) {
        WebPPicture picture{};
        WebPPictureInit(&picture);
        picture.use_argb = 1, picture.width = 16, picture.height = 12;
        const std::vector<std::uint8_t> pixels(16 * 12 * 3, static_cast<std::uint8_t>(40 + 60 * frame));
        WebPPictureImportRGB(&picture, pixels.data(), 16 * 3);
        WebPAnimEncoderAdd(encoder, &picture, frame * 100, &config);
        WebPPictureFree(&picture);
    }
    WebPAnimEncoderAdd(encoder, nullptr, 300, nullptr);
    WebPData data{};
    WebPAnimEncoderAssemble(encoder, &data);
    WebPAnimEncoderDelete(encoder);
    const Image image = image::decode(std::as_bytes(std::span(data.bytes, data.size)));
    EXPECT_EQ(std::to_integer<int>(*image.view().at(0, 3, 3)), 40);
    EXPECT_THAT(image.metadata.notes, ElementsAre("2 further pictures of an animation were left out."));
    WebPDataClear(&data);
}

TEST(Webp, TruncatedAnywhereIsCorrupt) {
    for (const int quality : {80, 100}) {
        const auto file =
            image::encode(random_image(19, 17, 4, SampleType::u8), "webp", {.jpeg_quality = quality});
        expect_no_partial_picture(file, file.size());
    }
}

TEST(Webp, DamageIsAnErrorOrAPicture) {
    Image made = smooth_image(40, 30, 3);
    made.metadata.exif = exif_block(3, true);
    const std::vector<Bytes> files{image::encode(made, "webp"),
                                   image::encode(made, "webp", {.jpeg_quality = 100})};
    expect_no_crash(files, 3000, 5);
}

TEST(Webp, WhatItCannotHoldIsRefused) {
    const Image wide(17000, 1, 3, SampleType::u8);
    EXPECT_EQ(error_of([&] { (void)image::encode(wide, "webp"); }), code(ErrorCode::unsupported));
    const auto file = image::encode(smooth_image(400, 400, 3), "webp");
    EXPECT_EQ(error_of([&] { (void)image::decode(file, {.max_pixels = 1000}); }), code(ErrorCode::limit));
}

} // namespace
} // namespace mirra::test
