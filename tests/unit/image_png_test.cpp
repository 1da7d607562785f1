// PNG: every colour type, depth and interlace as libpng writes them; what is written comes back.
#include "image_test_support.hpp"

namespace mirra::test {
namespace {

using image::Image;
using image::SampleType;

struct PngCase {
    int color;
    int depth;
    int interlace;
};

class PngTypes : public testing::TestWithParam<PngCase> {};

std::vector<int> random_samples(std::size_t count, int depth) {
    std::mt19937 random(static_cast<unsigned>(depth));
    std::vector<int> samples(count);
    for (int &each : samples) each = static_cast<int>(random() % (1U << depth));
    return samples;
}

std::vector<png_color> random_palette(int depth) {
    std::mt19937 random(5);
    std::vector<png_color> palette(std::size_t{1} << depth);
    for (png_color &each : palette) {
        each = {static_cast<png_byte>(random()), static_cast<png_byte>(random()),
                static_cast<png_byte>(random())};
    }
    return palette;
}

TEST_P(PngTypes, Decodes) {
    const auto [color, depth, interlace] = GetParam();
    PngSpec spec{13, 11, color, depth, interlace};
    const bool indexed = color == PNG_COLOR_TYPE_PALETTE;
    if (indexed) spec.palette = random_palette(depth);
    const auto samples = random_samples(13U * 11U * static_cast<std::size_t>(png_channels(color)), depth);
    const Image picture = image::decode(make_png(spec, samples));
    ASSERT_EQ(picture.width(), 13);
    ASSERT_EQ(picture.height(), 11);
    EXPECT_EQ(picture.channels(), indexed ? 3 : png_channels(color));
    EXPECT_EQ(picture.sample(), depth == 16 ? SampleType::u16 : SampleType::u8);
    EXPECT_EQ(picture.bit_depth, indexed ? 8 : depth);
    std::vector<int> expected;
    for (const int sample : samples) {
        if (indexed) {
            const png_color &entry = spec.palette[static_cast<std::size_t>(sample)];
            expected.insert(expected.end(), {entry.red, entry.green, entry.blue});
        } else {
            expected.push_back(depth < 8 ? sample * 255 / ((1 << depth) - 1) : sample);
        }
    }
    EXPECT_EQ(values_of(picture), expected);
}

std::vector<PngCase> all_png_cases() {
    std::vector<PngCase> cases;
    for (const int interlace : {PNG_INTERLACE_NONE, PNG_INTERLACE_ADAM7}) {
        for (const int depth : {1, 2, 4, 8, 16}) cases.push_back({PNG_COLOR_TYPE_GRAY, depth, interlace});
        for (const int depth : {1, 2, 4, 8}) cases.push_back({PNG_COLOR_TYPE_PALETTE, depth, interlace});
        for (const int depth : {8, 16}) {
            for (const int color : {PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGBA}) {
                cases.push_back({color, depth, interlace});
            }
        }
    }
    return cases;
}

INSTANTIATE_TEST_SUITE_P(All, PngTypes, testing::ValuesIn(all_png_cases()), [](const auto &each) {
    return "color" + std::to_string(each.param.color) + "depth" + std::to_string(each.param.depth) +
           (each.param.interlace != 0 ? "interlaced" : "");
});

TEST(Png, TransparencyBecomesAlpha) {
    PngSpec spec{2, 1, PNG_COLOR_TYPE_PALETTE, 8, 0, random_palette(1), {128}};
    const Image indexed = image::decode(make_png(spec, {0, 1}));
    EXPECT_EQ(indexed.channels(), 4);
    EXPECT_EQ(values_of(indexed)[3], 128);
    EXPECT_EQ(values_of(indexed)[7], 255);
    spec = {2, 1, PNG_COLOR_TYPE_GRAY, 16, 0, {}, {}, 300};
    EXPECT_EQ(values_of(image::decode(make_png(spec, {300, 301}))), (std::vector<int>{300, 0, 301, 65535}));
    spec = {2, 1, PNG_COLOR_TYPE_RGB, 8, 0, {}, {}, 9};
    EXPECT_EQ(values_of(image::decode(make_png(spec, {9, 9, 9, 9, 9, 8}))),
              (std::vector<int>{9, 9, 9, 0, 9, 9, 8, 255}));
}

TEST(Png, RoundTripsEveryShape) {
    for (const SampleType type : {SampleType::u8, SampleType::u16}) {
        for (int channels = 1; channels <= 4; ++channels) {
            for (const int size : {1, 2, 9, 40}) {
                const Image picture = random_image(size, size + 1, channels, type);
                const Image back = image::decode(image::encode(picture, "png"));
                EXPECT_TRUE(same_pixels(picture, back)) << channels << " channels, size " << size;
            }
        }
    }
}

TEST(Png, WritesTheDepthThatIsAskedFor) {
    Image wide(2, 1, 1, SampleType::u16);
    const std::array<std::uint16_t, 2> samples{65535, 256 * 100};
    std::memcpy(wide.bytes().data(), samples.data(), 4);
    const Image narrow = image::decode(image::encode(wide, "png", {.bit_depth = 8}));
    EXPECT_EQ(values_of(narrow), (std::vector<int>{255, 100}));
    EXPECT_EQ(narrow.sample(), SampleType::u8);
    const Image again = image::decode(image::encode(narrow, "png", {.bit_depth = 16}));
    EXPECT_EQ(values_of(again), (std::vector<int>{65535, 25700}));
    const std::array<float, 2> floats{0.5F, 2.0F};
    const auto view =
        image::interleaved_view(std::as_bytes(std::span(floats)).data(), 2, 1, 1, SampleType::f32);
    EXPECT_EQ(values_of(image::decode(image::encode(view, {}, "png"))), (std::vector<int>{32768, 65535}));
}

TEST(Png, WritesStraightAlphaOfPremultipliedPictures) {
    const std::array<std::uint8_t, 8> samples{50, 100, 128, 128, 10, 20, 30, 0};
    auto view = image::interleaved_view(std::as_bytes(std::span(samples)).data(), 2, 1, 4, SampleType::u8);
    view.alpha = image::AlphaMode::premultiplied;
    EXPECT_EQ(values_of(image::decode(image::encode(view, {}, "png"))),
              (std::vector<int>{100, 199, 255, 128, 0, 0, 0, 0}));
}

TEST(Png, WritesAnyLayout) {
    const Image picture = random_image(6, 5, 3, SampleType::u8);
    image::ConstImageView flipped = picture.view();
    for (std::size_t c = 0; c < 3; ++c) flipped.data[c] += 4 * flipped.y_stride;
    flipped.y_stride = -flipped.y_stride;
    const Image back = image::decode(image::encode(flipped, {}, "png"));
    for (int y = 0; y < 5; ++y)
        EXPECT_EQ(std::memcmp(back.view().at(0, 0, y), picture.view().at(0, 0, 4 - y), 18), 0);
}

TEST(Png, KeepsMetadata) {
    Image picture = random_image(4, 4, 3, SampleType::u8);
    picture.metadata.icc = rgb_profile();
    picture.metadata.exif = exif_block(1, true);
    picture.metadata.xmp = to_bytes("<x:xmpmeta/>");
    picture.metadata.texts = {{"Comment", "grün"}};
    picture.metadata.density = image::Density{2835, 3000};
    const Image back = image::decode(image::encode(picture, "png"));
    EXPECT_EQ(back.metadata.icc, picture.metadata.icc);
    EXPECT_EQ(back.metadata.exif, picture.metadata.exif);
    EXPECT_EQ(back.metadata.xmp, picture.metadata.xmp);
    ASSERT_EQ(back.metadata.texts.size(), 1U);
    EXPECT_EQ(back.metadata.texts[0].text, "grün");
    ASSERT_TRUE(back.metadata.density);
    EXPECT_EQ(back.metadata.density->x, 2835);
    EXPECT_EQ(back.metadata.density->y, 3000);
}

TEST(Png, KeepsTheStatementThatItIsSrgb) {
    Image picture = random_image(4, 4, 3, SampleType::u8);
    EXPECT_EQ(image::decode(image::encode(picture, "png")).transfer, image::Transfer::unknown);
    picture.transfer = image::Transfer::srgb;
    EXPECT_EQ(image::decode(image::encode(picture, "png")).transfer, image::Transfer::srgb);
}

} // namespace
} // namespace mirra::test
