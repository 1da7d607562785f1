// Colour tags: read as PNG's third edition says, kept, and said in another way where a file cannot hold them.
#include "image_file_parts.hpp"

#include <lcms2.h>

namespace mirra::test {
namespace {

using image::Image;
using image::SampleType;
using image::Transfer;
using testing::HasSubstr;

const std::string kDisplayP3{12, 13, 0, 1};
const std::string kLinearRec2020{9, 8, 0, 1};

std::string chromaticities(std::array<std::uint32_t, 8> values) {
    std::string text;
    for (const std::uint32_t each : values) text += number_text(each, 4);
    return text;
}
const std::string kP3 = chromaticities({31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000});
const std::string kSrgb = chromaticities({31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000});

/// A profile that Little CMS makes.
Bytes profile(double gamma, bool gray = false) {
    cmsToneCurve *curve = cmsBuildGamma(nullptr, gamma);
    const cmsCIExyY white{0.3127, 0.329, 1};
    const cmsCIExyYTRIPLE primaries{{0.68, 0.32, 1}, {0.265, 0.69, 1}, {0.15, 0.06, 1}};
    std::array<cmsToneCurve *, 3> curves{curve, curve, curve};
    cmsHPROFILE made =
        gray ? cmsCreateGrayProfile(&white, curve) : cmsCreateRGBProfile(&white, &primaries, curves.data());
    cmsUInt32Number size = 0;
    cmsSaveProfileToMem(made, nullptr, &size);
    Bytes bytes(size);
    cmsSaveProfileToMem(made, bytes.data(), &size);
    cmsCloseProfile(made);
    cmsFreeToneCurve(curve);
    return bytes;
}

std::string profile_chunk(const Bytes &icc) {
    return chunk("iCCP", std::string("p\0\0", 3) + packed(as_string(icc)));
}

Bytes plain_png() {
    return image::encode(smooth_image(8, 8, 3), "png");
}

TEST(Color, TheFirstTagOfTheStandardsOrderCounts) {
    const std::string linear = chunk("gAMA", number_text(100000, 4));
    const std::string srgb = chunk("sRGB", std::string(1, '\0'));
    const auto read = [](const std::string &chunks) {
        return image::decode(with_chunks(plain_png(), chunks));
    };
    EXPECT_EQ(read("").transfer, Transfer::unknown);
    EXPECT_EQ(read(linear).transfer, Transfer::linear);
    EXPECT_EQ(read(chunk("gAMA", number_text(45455, 4))).transfer, Transfer::unknown);
    EXPECT_EQ(read(linear + srgb).transfer, Transfer::srgb);
    EXPECT_EQ(read(linear + profile_chunk(profile(2.2))).transfer, Transfer::unknown);
    EXPECT_EQ(read(profile_chunk(profile(1.0)) + srgb).transfer, Transfer::linear);
    EXPECT_EQ(read(profile_chunk(profile(1.0)) + chunk("cICP", kDisplayP3)).transfer, Transfer::srgb);
    EXPECT_EQ(read(srgb + chunk("cICP", kLinearRec2020)).transfer, Transfer::linear);
    EXPECT_EQ(image::stated_color(read(linear + srgb).metadata), "srgb");
    EXPECT_EQ(image::stated_color(read(profile_chunk(profile(1.0)) + chunk("cICP", kDisplayP3)).metadata),
              "cicp");
    EXPECT_EQ(image::stated_color(read(linear).metadata), "gama");
    EXPECT_EQ(image::stated_color(read("").metadata), "");
}

TEST(Color, ALinearGrayProfileIsSeen) {
    Image picture = smooth_image(8, 8, 1);
    picture.metadata.icc = profile(1.0, true);
    EXPECT_EQ(image::decode(image::encode(picture, "jpeg")).transfer, Transfer::linear);
    picture.metadata.icc = profile(2.2, true);
    EXPECT_EQ(image::decode(image::encode(picture, "jpeg")).transfer, Transfer::unknown);
}

TEST(Color, EveryTagOfAPngComesOutAsItWentIn) {
    const std::string tags = chunk("cICP", kDisplayP3) + profile_chunk(profile(2.2)) +
                             chunk("gAMA", number_text(50000, 4)) + chunk("cHRM", kP3);
    const Bytes written = image::encode(image::decode(with_chunks(plain_png(), tags)), "png");
    EXPECT_EQ(chunk_of(written, "cICP"), kDisplayP3);
    EXPECT_EQ(image::decode(written).metadata.icc, profile(2.2));
    EXPECT_EQ(chunk_of(written, "gAMA"), number_text(50000, 4));
    EXPECT_EQ(chunk_of(written, "cHRM"), kP3);
    const Bytes srgb = image::encode(
        image::decode(with_chunks(plain_png(), chunk("sRGB", "\1") + chunk("gAMA", number_text(45455, 4)))),
        "png");
    EXPECT_EQ(chunk_of(srgb, "sRGB"), "\1") << "the rendering intent as well";
    EXPECT_EQ(chunk_of(srgb, "gAMA"), number_text(45455, 4));
    const auto chunks = chunks_of(srgb);
    EXPECT_EQ(chunks[0].first, "IHDR") << "and in their place";
    EXPECT_EQ(chunks.back().first, "IEND");
}

/// The samples as a viewer that follows the profile shows them in sRGB, by Little CMS itself.
std::vector<int> shown(const Image &picture, const Bytes &icc) {
    cmsHPROFILE from = icc.empty()
                           ? cmsCreate_sRGBProfile()
                           : cmsOpenProfileFromMem(icc.data(), static_cast<cmsUInt32Number>(icc.size()));
    cmsHPROFILE to = cmsCreate_sRGBProfile();
    cmsHTRANSFORM transform =
        cmsCreateTransform(from, TYPE_RGB_8, to, TYPE_RGB_8, INTENT_RELATIVE_COLORIMETRIC, 0);
    std::vector<unsigned char> out(picture.bytes().size());
    cmsDoTransform(transform, picture.bytes().data(), out.data(),
                   static_cast<cmsUInt32Number>(out.size() / 3));
    cmsDeleteTransform(transform);
    cmsCloseProfile(from);
    cmsCloseProfile(to);
    return {out.begin(), out.end()};
}

int largest(const std::vector<int> &a, const std::vector<int> &b) {
    int most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b.at(i)));
    return most;
}

TEST(Color, TagsOfAPngBecomeAProfileInAJpeg) {
    const auto through_jpeg = [](const std::string &chunks) {
        return image::decode(image::encode(image::decode(with_chunks(plain_png(), chunks)), "jpeg"));
    };
    EXPECT_TRUE(through_jpeg("").metadata.icc.empty());
    EXPECT_TRUE(through_jpeg(chunk("sRGB", std::string(1, '\0'))).metadata.icc.empty());
    EXPECT_TRUE(
        through_jpeg(chunk("gAMA", number_text(45455, 4)) + chunk("cHRM", kSrgb)).metadata.icc.empty());
    const Image p3 = through_jpeg(chunk("cICP", kDisplayP3));
    const Image same = through_jpeg(chunk("gAMA", number_text(45455, 4)) + chunk("cHRM", kP3));
    ASSERT_FALSE(p3.metadata.icc.empty());
    ASSERT_FALSE(same.metadata.icc.empty());
    Image red(1, 1, 3, SampleType::u8);
    red.bytes()[0] = std::byte{200};
    red.bytes()[1] = red.bytes()[2] = std::byte{60};
    // (200, 60, 60) in sRGB: by the curve of sRGB, and by a gamma of 2.2.
    EXPECT_LE(largest(shown(red, p3.metadata.icc), {217, 42, 52}), 2);
    EXPECT_LE(largest(shown(red, same.metadata.icc), {218, 37, 49}), 2);
    EXPECT_EQ(p3.metadata.icc, through_jpeg(chunk("cICP", kDisplayP3)).metadata.icc)
        << "the same bytes each time";
}

TEST(Color, WhatNoProfileCanSayIsNoted) {
    std::vector<std::string> notes;
    const Image picture = image::decode(with_chunks(plain_png(), chunk("cICP", std::string{9, 16, 0, 1})));
    (void)image::encode(picture, "jpeg", {.notes = &notes});
    EXPECT_THAT(notes, testing::ElementsAre(HasSubstr("cICP")));
    Image hdr = picture;
    EXPECT_EQ(error_of([&] { image::convert_to_srgb(hdr); }), code(ErrorCode::unsupported));
    EXPECT_TRUE(same_pixels(hdr, picture));
}

/// EXIF whose colour space is "uncalibrated" and whose interoperability index is R03.
Bytes adobe_rgb_exif() {
    return to_bytes(std::string("MM\0*\0\0\0\x08"
                                "\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x1a\0\0\0\0"
                                "\0\2\xa0\1\0\3\0\0\0\1\xff\xff\0\0\xa0\5\0\4\0\0\0\1\0\0\0\x38\0\0\0\0"
                                "\0\1\0\1\0\2\0\0\0\4R03\0\0\0\0\0",
                                74));
}

TEST(Color, ACamerasAdobeRgbStaysAdobeRgb) {
    Image picture = smooth_image(8, 8, 3);
    picture.metadata.exif = adobe_rgb_exif();
    const Image back = image::decode(image::encode(picture, "jpeg"));
    EXPECT_EQ(image::stated_color(back.metadata), "gama");
    const Bytes png = image::encode(back, "png");
    EXPECT_EQ(chunk_of(png, "gAMA"), number_text(45471, 4));
    EXPECT_EQ(chunk_of(png, "cHRM"), chromaticities({31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000}));
    EXPECT_FALSE(image::decode(image::encode(back, "jpeg")).metadata.icc.empty());
    EXPECT_EQ(image::stated_color(image::decode(image::encode(picture, "png")).metadata), "")
        << "a PNG is not told by its EXIF";
}

TEST(Color, ConversionShowsTheSameColours) {
    for (const bool by_profile : {true, false}) {
        Image picture = smooth_image(16, 16, 3);
        if (by_profile)
            picture.metadata.icc = profile(2.2);
        else
            picture.metadata.color.cicp = {12, 13, 0, 1};
        const Bytes icc =
            by_profile ? picture.metadata.icc : image::decode(image::encode(picture, "jpeg")).metadata.icc;
        const std::vector<int> before = shown(picture, icc);
        image::convert_to_srgb(picture);
        EXPECT_LE(largest(before, values_of(picture)), 2);
        EXPECT_EQ(image::stated_color(picture.metadata), "srgb");
        EXPECT_TRUE(picture.metadata.icc.empty());
    }
    Image linear(2, 1, 2, SampleType::u16);
    const std::array<std::uint16_t, 4> samples{14030, 999, 65535, 65535};
    std::memcpy(linear.bytes().data(), samples.data(), 8);
    linear.metadata.color.gamma = 100000;
    image::convert_to_srgb(linear);
    const auto values = values_of(linear);
    EXPECT_NEAR(values[0], 0.5 * 65535, 100) << "linear 0.2140 is 0.5 on the curve";
    EXPECT_EQ(values[1], 999) << "alpha stays";
    EXPECT_EQ(values[3], 65535);
    Image swapped(2, 1, 2, SampleType::u16_swapped);
    const std::array<std::uint16_t, 4> turned{0xce36, 0xe703, 65535, 65535}; // 14030 and 999
    std::memcpy(swapped.bytes().data(), turned.data(), 8);
    swapped.metadata.color.gamma = 100000;
    image::convert_to_srgb(swapped);
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(swapped.bytes()[i], linear.bytes()[i ^ 1U]) << i;
}

TEST(Color, TheSameColoursAreKnownAsSuch) {
    image::Metadata plain;
    image::Metadata srgb;
    srgb.color.srgb = std::uint8_t{0};
    image::Metadata tagged;
    tagged.color.cicp = {1, 13, 0, 1};
    image::Metadata p3;
    p3.color.cicp = {12, 13, 0, 1};
    image::Metadata with_profile;
    with_profile.icc = profile(2.2);
    EXPECT_TRUE(image::same_color(plain, srgb));
    EXPECT_TRUE(image::same_color(srgb, tagged));
    EXPECT_TRUE(image::same_color(p3, p3));
    EXPECT_TRUE(image::same_color(with_profile, with_profile));
    EXPECT_FALSE(image::same_color(p3, srgb));
    EXPECT_FALSE(image::same_color(with_profile, srgb));
}

TEST(Color, TagsOfLinearLightBecomeThoseOfTheCurve) {
    image::Metadata gamma;
    gamma.color.gamma = 100000;
    EXPECT_EQ(image::stated_color(image::with_srgb_curve(gamma)), "srgb");
    gamma.color.chromaticities = {31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000};
    const image::Metadata wide = image::with_srgb_curve(gamma);
    EXPECT_EQ(wide.color.gamma, 45455U);
    EXPECT_EQ(wide.color.chromaticities, gamma.color.chromaticities);
    EXPECT_TRUE(image::on_srgb_curve(wide));
    image::Metadata with_profile;
    with_profile.icc = profile(1.0);
    const image::Metadata curved = image::with_srgb_curve(with_profile);
    Image gray(1, 1, 3, SampleType::u8);
    std::ranges::fill(gray.bytes(), std::byte{128});
    EXPECT_LE(largest(shown(gray, curved.icc), {128, 128, 128}), 1) << "the same curve as sRGB";
    EXPECT_NE(image::stated_transfer(curved), Transfer::linear);
    with_profile.icc = profile(2.2);
    EXPECT_EQ(error_of([&] { (void)image::with_srgb_curve(with_profile); }), code(ErrorCode::unsupported));
}

TEST(Color, InksFollowTheirProfile) {
    // A profile of inks that ignores all but black: Little CMS's ink limiter is no output profile, so build
    // one.
    cmsHPROFILE inks = cmsCreateProfilePlaceholder(nullptr);
    cmsSetProfileVersion(inks, 4.3);
    cmsSetDeviceClass(inks, cmsSigOutputClass);
    cmsSetColorSpace(inks, cmsSigCmykData);
    cmsSetPCS(inks, cmsSigLabData);
    cmsPipeline *pipeline = cmsPipelineAlloc(nullptr, 4, 3);
    cmsStage *table = cmsStageAllocCLut16bit(nullptr, 2, 4, 3, nullptr);
    cmsStageSampleCLut16bit(
        table,
        [](const cmsUInt16Number in[], cmsUInt16Number out[], void *) -> cmsInt32Number {
            out[0] = static_cast<cmsUInt16Number>(0xffff - in[3]);
            out[1] = out[2] = 0x8080;
            return 1;
        },
        nullptr, 0);
    cmsPipelineInsertStage(pipeline, cmsAT_END, cmsStageAllocToneCurves(nullptr, 4, nullptr));
    cmsPipelineInsertStage(pipeline, cmsAT_END, table);
    cmsPipelineInsertStage(pipeline, cmsAT_END, cmsStageAllocToneCurves(nullptr, 3, nullptr));
    cmsWriteTag(inks, cmsSigAToB0Tag, pipeline);
    cmsWriteTag(inks, cmsSigAToB1Tag, pipeline);
    cmsPipelineFree(pipeline);
    cmsUInt32Number size = 0;
    cmsSaveProfileToMem(inks, nullptr, &size);
    ASSERT_GT(size, 0U);
    Bytes icc(size);
    cmsSaveProfileToMem(inks, icc.data(), &size);
    cmsCloseProfile(inks);
    // As Adobe stores inks: cyan all over, no black.
    std::vector<JSAMPLE> samples;
    for (int i = 0; i < 64; ++i) samples.insert(samples.end(), {0, 255, 255, 255});
    const Bytes plain = make_jpeg({.width = 8, .height = 8, .in = JCS_CMYK, .stored = JCS_CMYK}, samples);
    std::string segments;
    constexpr std::size_t kPart = 60000;
    const std::size_t parts = (icc.size() + kPart - 1) / kPart;
    for (std::size_t i = 0; i < parts; ++i) {
        segments += segment(0xe2, std::string("ICC_PROFILE\0", 12) + static_cast<char>(i + 1) +
                                      static_cast<char>(parts) + as_string(icc).substr(i * kPart, kPart));
    }
    const Bytes file = with_segments(plain, segments);
    EXPECT_LE(values_of(image::decode(plain))[0], 3) << "cyan takes all red";
    const Image picture = image::decode(file);
    EXPECT_GE(values_of(picture)[0], 250) << "this profile's cyan is white";
    EXPECT_TRUE(picture.metadata.icc.empty());
    EXPECT_THAT(picture.metadata.notes, testing::ElementsAre(HasSubstr("by their colour profile")));
}

} // namespace
} // namespace mirra::test
