// Damaged and hostile files: an error or a picture, never a crash, and never a wrong picture for a truncated
// file.
#include "image_test_support.hpp"
#include "mirra/picture_file.hpp"
#include "shared_data.hpp"

namespace mirra::test {
namespace {

using image::Image;
using image::SampleType;

std::span<const std::byte> first_bytes(const Bytes &file, std::size_t count) {
    return std::span(file).first(count);
}

TEST(Damage, APngTruncatedAnywhereIsCorrupt) {
    expect_no_partial_picture(image::encode(random_image(9, 7, 3, SampleType::u8), "png"), 0);
    expect_no_partial_picture(image::encode(random_image(5, 5, 2, SampleType::u16), "png"), 0);
    const PngSpec interlaced{9, 9, PNG_COLOR_TYPE_GRAY, 4, PNG_INTERLACE_ADAM7};
    expect_no_partial_picture(make_png(interlaced, std::vector<int>(81, 3)), 0);
}

TEST(Damage, AJpegTruncatedAnywhereIsCorruptOrComplete) {
    const auto samples = samples_of(random_image(20, 20, 3, SampleType::u8));
    // Only a baseline file may lack its end marker (two bytes, and bits of padding before them).
    expect_no_partial_picture(make_jpeg({.width = 20, .height = 20}, samples), 3);
    expect_no_partial_picture(make_jpeg({.width = 20, .height = 20, .progressive = true}, samples), 0);
    expect_no_partial_picture(make_jpeg({.width = 20, .height = 20, .arithmetic = true}, samples), 1);
    expect_no_partial_picture(make_jpeg({.width = 20, .height = 20, .restart_rows = 1}, samples), 3);
}

TEST(Damage, WhatCanBeReadIsKeptWhereTheCallerAsks) {
    const Image noise = random_image(64, 64, 3, SampleType::u8);
    for (const char *format : {"png", "jpeg"}) {
        const Bytes file = image::encode(noise, format);
        const auto half = first_bytes(file, file.size() / 2);
        EXPECT_EQ(error_of([&] { (void)image::decode(half); }), code(ErrorCode::corrupt)) << format;
        const Image partial = image::decode(half, {.tolerate_damage = true});
        const Image whole = image::decode(file);
        ASSERT_EQ(partial.bytes().size(), whole.bytes().size());
        EXPECT_EQ(std::memcmp(partial.bytes().data(), whole.bytes().data(), 64 * 3 * 8), 0) << format;
        EXPECT_FALSE(same_pixels(partial, whole)) << format;
    }
}

/// Flips bits and overwrites bytes at random places.
void survive_mutations(const Bytes &file, int rounds, unsigned seed) {
    std::mt19937 random(seed);
    int pictures = 0;
    for (int i = 0; i < rounds; ++i) {
        Bytes damaged = file;
        const unsigned changes = 1 + random() % 4;
        for (unsigned k = 0; k < changes; ++k) {
            std::byte &place = damaged[random() % damaged.size()];
            place = random() % 2 == 0 ? place ^ static_cast<std::byte>(1U << random() % 8)
                                      : static_cast<std::byte>(random() & 0xffU);
        }
        const image::DecodeOptions options{
            .max_pixels = 1 << 20, .apply_orientation = true, .tolerate_damage = i % 2 == 1};
        pictures += error_of([&] { (void)image::decode(damaged, options); }) == 0 ? 1 : 0;
    }
    EXPECT_GT(pictures, 0);
    EXPECT_LT(pictures, rounds);
}

TEST(Damage, RandomDamageToPngs) {
    Image picture = random_image(16, 12, 4, SampleType::u8);
    picture.metadata.icc = rgb_profile();
    picture.metadata.exif = exif_block(6, true);
    survive_mutations(image::encode(picture, "png"), 3000, 1);
    const PngSpec indexed{
        16, 12, PNG_COLOR_TYPE_PALETTE, 2, PNG_INTERLACE_ADAM7, std::vector<png_color>(4), {1, 2}};
    survive_mutations(make_png(indexed, std::vector<int>(192, 2)), 3000, 2);
}

TEST(Damage, RandomDamageToJpegs) {
    Image picture = smooth_image(24, 20, 3);
    picture.metadata.icc = rgb_profile();
    picture.metadata.exif = exif_block(6, false);
    survive_mutations(image::encode(picture, "jpeg"), 3000, 3);
    survive_mutations(make_jpeg({.width = 24, .height = 20, .progressive = true}, samples_of(picture)), 3000,
                      4);
    survive_mutations(make_jpeg({.width = 24, .height = 20, .arithmetic = true}, samples_of(picture)), 1000,
                      5);
    const auto inks = samples_of(smooth_image(24, 20, 4));
    survive_mutations(make_jpeg({.width = 24, .height = 20, .in = JCS_CMYK, .stored = JCS_YCCK}, inks), 1000,
                      6);
}

/// Sets width and height of a PNG's header, and its checksum.
Bytes with_png_size(Bytes file, std::uint32_t width, std::uint32_t height) {
    const auto put = [&](std::size_t at, std::uint32_t value) {
        for (std::size_t i = 0; i < 4; ++i) file[at + i] = static_cast<std::byte>(value >> (24 - 8 * i));
    };
    put(16, width);
    put(20, height);
    std::uint32_t crc = 0xffffffffU;
    for (std::size_t i = 12; i < 29; ++i) {
        crc ^= std::to_integer<std::uint32_t>(file[i]);
        for (int k = 0; k < 8; ++k) crc = crc >> 1 ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
    }
    put(29, ~crc);
    return file;
}

TEST(Damage, HugeHeadersAreRefusedBeforeAllocation) {
    const Bytes png = image::encode(random_image(4, 4, 3, SampleType::u8), "png");
    EXPECT_EQ(error_of([&] { (void)image::decode(with_png_size(png, 0x7fffffff, 0x7fffffff)); }),
              code(ErrorCode::limit));
    EXPECT_EQ(error_of([&] { (void)image::decode(with_png_size(png, 16384, 16384)); }),
              code(ErrorCode::corrupt))
        << "within the limit, but no file of this size holds so many pixels";
    EXPECT_EQ(error_of([&] { (void)image::decode(with_png_size(png, 0, 4)); }), code(ErrorCode::corrupt));
    Bytes jpeg = image::encode(smooth_image(4, 4, 3), "jpeg");
    const auto frame = std::ranges::search(jpeg, Bytes{std::byte{0xff}, std::byte{0xc0}});
    ASSERT_FALSE(frame.empty());
    std::fill_n(frame.begin() + 5, 4, std::byte{0xff});
    EXPECT_EQ(error_of([&] { (void)image::decode(jpeg); }), code(ErrorCode::corrupt))
        << "beyond libjpeg's sides";
    std::fill_n(frame.begin() + 5, 4, std::byte{0xf0});
    EXPECT_EQ(error_of([&] { (void)image::decode(jpeg); }), code(ErrorCode::limit));
    std::fill_n(frame.begin() + 5, 4, std::byte{0x20});
    EXPECT_EQ(error_of([&] { (void)image::decode(jpeg); }), code(ErrorCode::corrupt));
}

TEST(Damage, ThePixelLimitIsTheCallers) {
    const Bytes file = image::encode(random_image(10, 10, 3, SampleType::u8), "png");
    EXPECT_EQ(error_of([&] { (void)image::decode(file, {.max_pixels = 100}); }), 0);
    EXPECT_EQ(error_of([&] { (void)image::decode(file, {.max_pixels = 99}); }), code(ErrorCode::limit));
}

TEST(Damage, TextThatUnpacksToTooMuchIsLeftOut) {
    PngSpec spec{2, 1, PNG_COLOR_TYPE_GRAY, 8, 0};
    spec.comment.assign(1U << 20, 'c');
    const Image kept = image::decode(make_png(spec, {1, 2}));
    ASSERT_EQ(kept.metadata.texts.size(), 1U);
    EXPECT_EQ(kept.metadata.texts[0].text, spec.comment);
    spec.comment.assign(8U << 20, 'c');
    const Image picture = image::decode(make_png(spec, {1, 2}));
    EXPECT_EQ(values_of(picture), (std::vector<int>{1, 2}));
    EXPECT_TRUE(picture.metadata.texts.empty());
    EXPECT_EQ(picture.metadata.notes.size(), 1U);
}

TEST(Damage, WhatIsNoImageSaysSo) {
    EXPECT_EQ(error_of([] { (void)image::decode({}); }), code(ErrorCode::corrupt));
    EXPECT_EQ(error_of([] { (void)image::decode(to_bytes("GIF89a and so on")); }),
              code(ErrorCode::unsupported));
    EXPECT_EQ(error_of([] { (void)image::decode(to_bytes("\x89PNG")); }), code(ErrorCode::unsupported));
    EXPECT_EQ(error_of([] { (void)image::decode(to_bytes("\xff\xd8\xff")); }), code(ErrorCode::corrupt));
}

/// Several hundred odd and broken files, where the checkout has them beside it.
TEST(Damage, TheTortureSetCrashesNothing) {
    const auto folder = shared_data() / "images-torture";
    if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no data set at " << folder;
    int pictures = 0;
    int errors = 0;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file() || entry.path().extension() == ".tsv") continue;
        (error_of([&] { (void)image::read(entry.path()); }) == 0 ? pictures : errors) += 1;
        error_of([&] { (void)image::read(entry.path(), {.tolerate_damage = true}); });
    }
    EXPECT_GE(pictures, 300);
    EXPECT_GE(errors, 90);
}

TEST(Foreign, FilesOfOtherProgramsAreNamedWithTheCommandThatConvertsThem) {
    const auto refused = [](const std::string &bytes) {
        try {
            (void)image::decode(to_bytes(bytes + std::string(64, '\0')));
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), ErrorCode::unsupported);
            return std::string(error.what()) + " | " + error.hint();
        }
        return std::string("read");
    };
    const std::string box("\0\0\0\x18", 4);
    EXPECT_THAT(refused(box + "ftypheic"),
                testing::AllOf(testing::HasSubstr("HEIC"), testing::HasSubstr("heif-convert")));
    EXPECT_THAT(refused(box + "ftypavif"), testing::HasSubstr("avifdec"));
    EXPECT_THAT(refused(box + "ftypcrx "), testing::HasSubstr("darktable-cli"));
    EXPECT_THAT(refused("FUJIFILMCCD-RAW 0201"), testing::HasSubstr("darktable-cli"));
    const bool reads_jxl = image::find_codec({}, "jxl") != nullptr;
    EXPECT_THAT(reads_jxl ? "djxl" : refused("\xff\x0a"), testing::HasSubstr("djxl"));
    EXPECT_THAT(refused("GIF89a"), testing::HasSubstr("magick"));
    EXPECT_THAT(refused("no picture at all"), testing::HasSubstr("known format"));
}

} // namespace
} // namespace mirra::test
