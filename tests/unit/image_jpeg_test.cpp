// JPEG: every colour coding as libjpeg writes it, metadata, subsampling, scan bombs.
#include "image_test_support.hpp"

namespace mirra::test {
namespace {

using image::Image;
using image::SampleType;

Image decode_spec(JpegSpec spec, const Image &picture) {
    spec.width = picture.width();
    spec.height = picture.height();
    return image::decode(make_jpeg(spec, samples_of(picture)));
}

TEST(Jpeg, DecodesEveryColourCoding) {
    const Image color = smooth_image(37, 21, 3);
    EXPECT_LE(largest_difference(decode_spec({}, color), color), 6);
    EXPECT_LE(largest_difference(decode_spec({.stored = JCS_RGB}, color), color), 6);
    EXPECT_LE(largest_difference(decode_spec({.progressive = true}, color), color), 6);
    EXPECT_LE(largest_difference(decode_spec({.arithmetic = true}, color), color), 6);
    EXPECT_LE(largest_difference(decode_spec({.restart_rows = 1}, color), color), 6);
    const Image gray = smooth_image(37, 21, 1);
    const Image back = decode_spec({.in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE}, gray);
    EXPECT_EQ(back.channels(), 1);
    EXPECT_LE(largest_difference(back, gray), 4);
}

/// libjpeg writes Adobe's marker with both codings, so the inks are stored inverted: 255 is none.
TEST(Jpeg, TurnsInksIntoLight) {
    const Image color = smooth_image(24, 16, 3);
    for (const int black : {255, 128}) {
        std::vector<JSAMPLE> inks;
        Image expected = color;
        for (std::size_t i = 0; i < color.bytes().size(); ++i) {
            const int value = std::to_integer<int>(color.bytes()[i]);
            inks.push_back(static_cast<JSAMPLE>(value));
            if (i % 3 == 2) inks.push_back(static_cast<JSAMPLE>(black));
            expected.bytes()[i] = static_cast<std::byte>(value * black / 255);
        }
        for (const J_COLOR_SPACE stored : {JCS_CMYK, JCS_YCCK}) {
            const Image back =
                image::decode(make_jpeg({.width = 24, .height = 16, .in = JCS_CMYK, .stored = stored}, inks));
            EXPECT_EQ(back.channels(), 3);
            EXPECT_LE(largest_difference(back, expected), 8) << "coding " << stored;
        }
    }
}

TEST(Jpeg, InksWithoutAdobesMarkerAreNotInverted) {
    Bytes file = make_jpeg({.width = 8, .height = 8, .in = JCS_CMYK, .stored = JCS_CMYK},
                           std::vector<JSAMPLE>(256, 0));
    const auto adobe = std::ranges::search(file, to_bytes("Adobe"));
    ASSERT_FALSE(adobe.empty());
    const Image inverted = image::decode(file);
    EXPECT_LE(values_of(inverted)[0], 3);
    adobe[0] = std::byte{'X'};
    EXPECT_GE(values_of(image::decode(file))[0], 252) << "no ink is white";
}

TEST(Jpeg, WritesWhatItReads) {
    for (const int channels : {1, 3}) {
        for (const int size : {1, 7, 8, 17, 64}) {
            const Image picture = smooth_image(size, size + 3, channels);
            const Image back = image::decode(image::encode(picture, "jpeg"));
            EXPECT_EQ(back.channels(), channels);
            EXPECT_LE(largest_difference(back, picture), 12) << channels << " channels, size " << size;
        }
    }
}

TEST(Jpeg, DoesNotSubsampleColourAtHighQuality) {
    Image stripes(32, 32, 3, SampleType::u8); // red and blue columns in turn: gone where colour is halved
    for (int y = 0; y < 32; ++y) {
        for (int x = 0; x < 32; ++x) *stripes.view().at(x % 2 == 0 ? 0 : 2, x, y) = std::byte{255};
    }
    EXPECT_LE(
        largest_difference(image::decode(image::encode(stripes, "jpeg", {.jpeg_quality = 95})), stripes), 40);
    EXPECT_LE(
        largest_difference(image::decode(image::encode(stripes, "jpeg", {.jpeg_quality = 90})), stripes), 70);
    EXPECT_GE(
        largest_difference(image::decode(image::encode(stripes, "jpeg", {.jpeg_quality = 89})), stripes),
        100);
}

TEST(Jpeg, WritesWideSamplesAsEightBits) {
    Image wide(16, 16, 1, SampleType::u16);
    std::vector<std::uint16_t> samples(256, 100 * 257);
    std::memcpy(wide.bytes().data(), samples.data(), 512);
    const Image back = image::decode(image::encode(wide, "jpeg"));
    EXPECT_EQ(back.sample(), SampleType::u8);
    EXPECT_NEAR(values_of(back)[0], 100, 1);
}

TEST(Jpeg, LaysAlphaOverWhite) {
    Image picture(16, 16, 4, SampleType::u8);
    for (int y = 0; y < 16; ++y) {
        for (int x = 8; x < 16; ++x) *picture.view().at(3, x, y) = std::byte{255};
    }
    const Image back = image::decode(image::encode(picture, "jpeg"));
    ASSERT_EQ(back.channels(), 3);
    EXPECT_GE(std::to_integer<int>(*back.view().at(0, 2, 5)), 250);
    EXPECT_LE(std::to_integer<int>(*back.view().at(0, 13, 5)), 5);
}

TEST(Jpeg, KeepsMetadata) {
    Image picture = smooth_image(16, 16, 3);
    std::mt19937 random(3);
    picture.metadata.icc.resize(200000); // four segments
    for (std::byte &each : picture.metadata.icc) each = static_cast<std::byte>(random() & 0xffU);
    picture.metadata.exif = exif_block(1, false);
    picture.metadata.xmp = to_bytes("<x:xmpmeta/>");
    picture.metadata.texts = {{"Comment", "grün"}};
    picture.metadata.density = image::Density{300 / 0.0254, 150 / 0.0254};
    const Image back = image::decode(image::encode(picture, "jpeg"));
    EXPECT_EQ(back.metadata.icc, picture.metadata.icc);
    EXPECT_EQ(back.metadata.exif, picture.metadata.exif);
    EXPECT_EQ(back.metadata.xmp, picture.metadata.xmp);
    ASSERT_EQ(back.metadata.texts.size(), 1U);
    EXPECT_EQ(back.metadata.texts[0].text, "grün");
    ASSERT_TRUE(back.metadata.density);
    EXPECT_NEAR(back.metadata.density->x, 300 / 0.0254, 1e-6);
    EXPECT_NEAR(back.metadata.density->y, 150 / 0.0254, 1e-6);
}

TEST(Jpeg, LeavesOutSegmentsThatCannotBe) {
    Image picture = smooth_image(16, 16, 3);
    picture.metadata.exif = exif_block(1, false);
    picture.metadata.exif.resize(65527);
    EXPECT_EQ(image::decode(image::encode(picture, "jpeg")).metadata.exif, picture.metadata.exif);
    picture.metadata.exif.resize(65528);
    picture.metadata.texts = {{"Comment", std::string(70000, 'c')}, {"Comment", "short"}};
    std::vector<std::string> notes;
    const Image back = image::decode(image::encode(picture, "jpeg", {.notes = &notes}));
    EXPECT_EQ(back.metadata.exif, exif_block(1, false)) << "its values fit, though the block did not";
    ASSERT_EQ(back.metadata.texts.size(), 1U);
    EXPECT_EQ(back.metadata.texts[0].text, "short");
    EXPECT_THAT(notes, testing::ElementsAre(testing::HasSubstr("65528"), testing::HasSubstr("70000")));
}

TEST(Jpeg, RefusesSidesBeyondTheFormat) {
    const Image picture(65501, 1, 1, SampleType::u8);
    EXPECT_EQ(error_of([&] { (void)image::encode(picture, "jpeg"); }), code(ErrorCode::unsupported));
}

TEST(Jpeg, RefusesScanBombs) {
    // DC once, then a component's first AC coefficient again and again: libjpeg reads it, but nobody writes
    // it.
    std::vector<jpeg_scan_info> scans{{1, {0}, 0, 0, 0, 0}, {1, {0}, 1, 63, 0, 0}};
    const JpegSpec spec{
        .width = 16, .height = 16, .in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .scans = scans};
    const Bytes file = make_jpeg(spec, samples_of(smooth_image(16, 16, 1)));
    ASSERT_EQ(error_of([&] { (void)image::decode(file); }), 0);
    const auto last_scan = std::ranges::find_end(file, Bytes{std::byte{0xff}, std::byte{0xda}});
    ASSERT_FALSE(last_scan.empty());
    Bytes bomb(file.begin(), file.end() - 2);
    for (int i = 0; i < 600; ++i) bomb.insert(bomb.end(), last_scan.begin(), file.end() - 2);
    bomb.insert(bomb.end(), file.end() - 2, file.end());
    EXPECT_EQ(error_of([&] { (void)image::decode(bomb); }), code(ErrorCode::limit));
    EXPECT_EQ(error_of([&] { (void)image::decode(bomb, {.tolerate_damage = true}); }),
              code(ErrorCode::limit));
}

} // namespace
} // namespace mirra::test
