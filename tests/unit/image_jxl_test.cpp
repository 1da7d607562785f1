// JPEG XL: pixels, alpha, colours, metadata, animations, damage, hidden frames.
#include "cost.hpp"
#include "image_file_parts.hpp"

#include <jxl/encode.h>
#include <lcms2.h>

namespace mirra::test {
namespace {

using image::Image;
using image::SampleType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr image::EncodeOptions kLossless{.jpeg_quality = 100};

/// Real numbers, some beyond white.
Image real_image(int width, int height, int channels) {
    Image image(width, height, channels, SampleType::f32);
    for (std::size_t i = 0; i < image.bytes().size() / 4; ++i) {
        const float value = static_cast<float>(i % 97) / 64.0F;
        std::memcpy(image.bytes().data() + 4 * i, &value, sizeof value);
    }
    return image;
}

TEST(Jxl, QualityOf100IsLossless) {
    for (const int channels : {1, 2, 3, 4}) {
        for (const auto sample : {SampleType::u8, SampleType::u16}) {
            const Image made = random_image(37, 23, channels, sample, 3);
            const Image back = image::decode(image::encode(made, "jxl", kLossless));
            EXPECT_TRUE(same_pixels(back, made)) << channels;
            EXPECT_EQ(back.bit_depth, sample == SampleType::u8 ? 8 : 16);
        }
        const Image real = real_image(19, 12, channels);
        EXPECT_TRUE(same_pixels(image::decode(image::encode(real, "jxl", kLossless)), real)) << channels;
    }
}

TEST(Jxl, DepthsAreConvertedWhereItIsAskedFor) {
    const Image made = random_image(9, 9, 3, SampleType::u16, 3);
    EXPECT_EQ(image::decode(image::encode(made, "jxl", {.jpeg_quality = 100, .bit_depth = 8})).sample(),
              SampleType::u8);
    EXPECT_EQ(image::decode(image::encode(made, "jxl", {.jpeg_quality = 100, .bit_depth = 32})).sample(),
              SampleType::f32);
}

TEST(Jxl, APhotographStaysCloseAndSmall) {
    const Image made = smooth_image(128, 96, 3);
    const auto bytes = image::encode(made, "jxl");
    EXPECT_LT(bytes.size(), made.bytes().size() / 5);
    EXPECT_LE(largest_difference(image::decode(bytes), made), 24);
    EXPECT_LT(image::encode(made, "jxl", {.jpeg_quality = 40}).size(), bytes.size());
}

TEST(Jxl, MetadataTravel) {
    Image made = random_image(8, 8, 3, SampleType::u8);
    made.metadata.exif = exif_block(1, true);
    made.metadata.xmp = to_bytes(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
        "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
        "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:format=\"photo\"/>"
        "</rdf:RDF></x:xmpmeta>");
    const Image back = image::decode(image::encode(made, "jxl"));
    EXPECT_EQ(back.metadata.exif, made.metadata.exif);
    EXPECT_THAT(as_string(back.metadata.xmp), HasSubstr("photo"));
    EXPECT_THAT(back.metadata.notes, IsEmpty());
}

TEST(Jxl, OrientationIsApplied) {
    for (const int orientation : {2, 3, 6, 8}) {
        Image made = random_image(5, 3, 3, SampleType::u8);
        made.metadata.exif = exif_block(orientation, false);
        const auto file = image::encode(made, "jxl", kLossless);
        const auto like = image::decode(image::encode(made, "png"));
        EXPECT_TRUE(same_pixels(image::decode(file), like)) << orientation;
        const Image stored = image::decode(file, {.apply_orientation = false});
        EXPECT_TRUE(same_pixels(stored, made)) << orientation;
        EXPECT_EQ(stored.metadata.exif, made.metadata.exif);
    }
}

TEST(Jxl, ColoursAreStatedAsTheyWere) {
    using Cicp = std::array<std::uint8_t, 4>;
    for (const Cicp cicp : {Cicp{9, 16, 0, 1}, Cicp{9, 18, 0, 1}, Cicp{12, 13, 0, 1}, Cicp{1, 8, 0, 1}}) {
        Image made = random_image(8, 8, 3, SampleType::u16);
        made.metadata.color.cicp = cicp;
        for (const int quality : {90, 100}) {
            const Image back = image::decode(image::encode(made, "jxl", {.jpeg_quality = quality}));
            EXPECT_EQ(back.metadata.color.cicp, cicp) << int{cicp[1]} << " at " << quality;
            EXPECT_EQ(back.transfer == image::Transfer::linear, cicp[1] == 8);
        }
    }
    const Image plain = image::decode(image::encode(random_image(8, 8, 1, SampleType::u8), "jxl"));
    EXPECT_TRUE(plain.metadata.icc.empty());
    EXPECT_EQ(plain.metadata.color, image::ColorTags{});
}

TEST(Jxl, GammaAndPrimariesOfAPngTravel) {
    Image made = random_image(8, 8, 3, SampleType::u8);
    made.metadata.color.gamma = 45471;
    made.metadata.color.chromaticities = {31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000};
    const Image back = image::decode(image::encode(made, "jxl", kLossless));
    ASSERT_TRUE(back.metadata.color.gamma && back.metadata.color.chromaticities);
    EXPECT_NEAR(*back.metadata.color.gamma, 45471, 10);
    EXPECT_NEAR((*back.metadata.color.chromaticities)[4], 21000, 10);
}

/// A matrix profile on a curve that no tag has.
Bytes wide_profile() {
    const cmsCIExyY white{0.3127, 0.3290, 1};
    const cmsCIExyYTRIPLE primaries{{0.7347, 0.2653, 1}, {0.1596, 0.8404, 1}, {0.0366, 0.0001, 1}};
    const std::array<cmsFloat32Number, 5> points{0, 0.1F, 0.2F, 0.6F, 1};
    cmsToneCurve *const curve = cmsBuildTabulatedToneCurveFloat(nullptr, points.size(), points.data());
    const std::array curves{curve, curve, curve};
    cmsHPROFILE profile = cmsCreateRGBProfile(&white, &primaries, curves.data());
    cmsUInt32Number size = 0;
    cmsSaveProfileToMem(profile, nullptr, &size);
    Bytes icc(size);
    cmsSaveProfileToMem(profile, icc.data(), &size);
    cmsCloseProfile(profile);
    cmsFreeToneCurve(curve);
    return icc;
}

TEST(Jxl, AProfileIsKeptOrANoteSaysWhatBecameOfTheColours) {
    Image made = smooth_image(16, 16, 3);
    made.metadata.icc = wide_profile();
    const Image whole = image::decode(image::encode(made, "jxl", kLossless));
    EXPECT_EQ(whole.metadata.icc, made.metadata.icc);
    EXPECT_TRUE(same_pixels(whole, made));
    const Image lossy = image::decode(image::encode(made, "jxl"));
    if (lossy.metadata.icc != made.metadata.icc) {
        EXPECT_THAT(lossy.metadata.notes, ElementsAre(HasSubstr("became sRGB")));
    }
}

TEST(Jxl, AProfileThatCannotBeReadIsLeftOutWithANote) {
    Image made = random_image(8, 8, 3, SampleType::u8);
    made.metadata.icc = to_bytes("no profile");
    std::vector<std::string> notes;
    (void)image::encode(made, "jxl", {.notes = &notes});
    EXPECT_THAT(notes, ElementsAre(HasSubstr("profile")));
}

struct Deleter {
    void operator()(JxlEncoder *encoder) const noexcept { JxlEncoderDestroy(encoder); }
};

Bytes finished(JxlEncoder *encoder) {
    Bytes out(1 << 20);
    auto *next = reinterpret_cast<std::uint8_t *>(out.data());
    std::size_t room = out.size();
    JxlEncoderCloseInput(encoder);
    EXPECT_EQ(JxlEncoderProcessOutput(encoder, &next, &room), JXL_ENC_SUCCESS);
    out.resize(out.size() - room);
    return out;
}

Bytes animation(int frames) {
    const std::unique_ptr<JxlEncoder, Deleter> encoder(JxlEncoderCreate(nullptr));
    JxlBasicInfo info{};
    JxlEncoderInitBasicInfo(&info);
    info.xsize = 300, info.ysize = 290, info.have_animation = JXL_TRUE;
    info.animation.tps_numerator = 10, info.animation.tps_denominator = 1;
    info.uses_original_profile = JXL_TRUE;
    EXPECT_EQ(JxlEncoderSetBasicInfo(encoder.get(), &info), JXL_ENC_SUCCESS);
    JxlColorEncoding color{};
    JxlColorEncodingSetToSRGB(&color, JXL_FALSE);
    JxlEncoderSetColorEncoding(encoder.get(), &color);
    auto *const settings = JxlEncoderFrameSettingsCreate(encoder.get(), nullptr);
    JxlEncoderSetFrameLossless(settings, JXL_TRUE);
    JxlEncoderFrameSettingsSetOption(settings, JXL_ENC_FRAME_SETTING_EFFORT, 3);
    JxlFrameHeader header{};
    JxlEncoderInitFrameHeader(&header);
    header.duration = 1;
    for (int frame = 0; frame < frames; ++frame) {
        JxlEncoderSetFrameHeader(settings, &header);
        const std::vector<std::uint8_t> pixels(300 * 290 * 3, static_cast<std::uint8_t>(40 + 60 * frame));
        const JxlPixelFormat format{3, JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};
        EXPECT_EQ(JxlEncoderAddImageFrame(settings, &format, pixels.data(), pixels.size()), JXL_ENC_SUCCESS);
    }
    return finished(encoder.get());
}

TEST(Jxl, TheFirstPictureOfAnAnimationIsRead) {
    const Image image = image::decode(animation(3));
    EXPECT_EQ(std::to_integer<int>(*image.view().at(0, 3, 3)), 40);
    EXPECT_THAT(image.metadata.notes, ElementsAre("2 further pictures of an animation were left out."));
    EXPECT_THAT(image::decode(animation(1)).metadata.notes, IsEmpty());
}

Bytes with_packed_xmp(const std::string &xmp) {
    const std::unique_ptr<JxlEncoder, Deleter> encoder(JxlEncoderCreate(nullptr));
    JxlBasicInfo info{};
    JxlEncoderInitBasicInfo(&info);
    info.xsize = info.ysize = 2;
    EXPECT_EQ(JxlEncoderSetBasicInfo(encoder.get(), &info), JXL_ENC_SUCCESS);
    JxlColorEncoding color{};
    JxlColorEncodingSetToSRGB(&color, JXL_FALSE);
    JxlEncoderSetColorEncoding(encoder.get(), &color);
    JxlEncoderUseBoxes(encoder.get());
    EXPECT_EQ(JxlEncoderAddBox(encoder.get(), "xml ", reinterpret_cast<const std::uint8_t *>(xmp.data()),
                               xmp.size(), JXL_TRUE),
              JXL_ENC_SUCCESS);
    JxlEncoderCloseBoxes(encoder.get());
    auto *const settings = JxlEncoderFrameSettingsCreate(encoder.get(), nullptr);
    const std::vector<std::uint8_t> pixels(12);
    const JxlPixelFormat format{3, JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};
    EXPECT_EQ(JxlEncoderAddImageFrame(settings, &format, pixels.data(), pixels.size()), JXL_ENC_SUCCESS);
    return finished(encoder.get());
}

TEST(Jxl, PackedMetadataAreUnpackedWithinABound) {
    const std::string rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
    const std::string xmp =
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"" + rdf +
        "\"><rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
        "dc:format=\"" +
        std::string(100000, 'f') + "\"/></rdf:RDF></x:xmpmeta>";
    EXPECT_THAT(as_string(image::decode(with_packed_xmp(xmp)).metadata.xmp), HasSubstr("dc:format=\"fff"));
    const Bytes bomb = with_packed_xmp(std::string(24 << 20, 'a'));
    EXPECT_LT(bomb.size(), 100000U);
    const Cost cost = cost_of([&] { (void)image::decode(bomb); });
    EXPECT_EQ(cost.code, 0);
    EXPECT_LE(cost.bytes, (64U << 20) + kToolBytes);
    EXPECT_THAT(image::decode(bomb).metadata.notes, ElementsAre(HasSubstr("packed XMP")));
}

TEST(Jxl, PremultipliedColoursBecomeStraight) {
    const std::unique_ptr<JxlEncoder, Deleter> encoder(JxlEncoderCreate(nullptr));
    JxlBasicInfo info{};
    JxlEncoderInitBasicInfo(&info);
    info.xsize = 4, info.ysize = 1, info.num_extra_channels = 1, info.alpha_bits = 8;
    info.alpha_premultiplied = info.uses_original_profile = JXL_TRUE;
    ASSERT_EQ(JxlEncoderSetBasicInfo(encoder.get(), &info), JXL_ENC_SUCCESS);
    JxlExtraChannelInfo alpha{};
    JxlEncoderInitExtraChannelInfo(JXL_CHANNEL_ALPHA, &alpha);
    alpha.alpha_premultiplied = JXL_TRUE;
    ASSERT_EQ(JxlEncoderSetExtraChannelInfo(encoder.get(), 0, &alpha), JXL_ENC_SUCCESS);
    JxlColorEncoding color{};
    JxlColorEncodingSetToSRGB(&color, JXL_FALSE);
    JxlEncoderSetColorEncoding(encoder.get(), &color);
    auto *const settings = JxlEncoderFrameSettingsCreate(encoder.get(), nullptr);
    JxlEncoderSetFrameLossless(settings, JXL_TRUE);
    const std::vector<std::uint8_t> pixels{100, 50, 0, 128, 60, 60, 60, 255, 0, 0, 0, 0, 10, 20, 30, 51};
    const JxlPixelFormat format{4, JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};
    ASSERT_EQ(JxlEncoderAddImageFrame(settings, &format, pixels.data(), pixels.size()), JXL_ENC_SUCCESS);
    EXPECT_THAT(values_of(image::decode(finished(encoder.get()))),
                ElementsAre(199, 100, 0, 128, 60, 60, 60, 255, 0, 0, 0, 0, 50, 100, 150, 51));
}

/// Of 2x2 pixels, with channels of these kinds beside the colours.
Bytes with_channels(const std::vector<JxlExtraChannelType> &kinds) {
    const std::unique_ptr<JxlEncoder, Deleter> encoder(JxlEncoderCreate(nullptr));
    JxlBasicInfo info{};
    JxlEncoderInitBasicInfo(&info);
    info.xsize = info.ysize = 2, info.uses_original_profile = JXL_TRUE;
    info.num_extra_channels = static_cast<std::uint32_t>(kinds.size());
    info.alpha_bits = std::ranges::find(kinds, JXL_CHANNEL_ALPHA) == kinds.end() ? 0 : 8;
    EXPECT_EQ(JxlEncoderSetCodestreamLevel(encoder.get(), 10), JXL_ENC_SUCCESS);
    EXPECT_EQ(JxlEncoderSetBasicInfo(encoder.get(), &info), JXL_ENC_SUCCESS);
    JxlColorEncoding color{};
    JxlColorEncodingSetToSRGB(&color, JXL_FALSE);
    JxlEncoderSetColorEncoding(encoder.get(), &color);
    auto *const settings = JxlEncoderFrameSettingsCreate(encoder.get(), nullptr);
    JxlEncoderSetFrameLossless(settings, JXL_TRUE);
    for (std::uint32_t i = 0; i < kinds.size(); ++i) {
        JxlExtraChannelInfo channel{};
        JxlEncoderInitExtraChannelInfo(kinds[i], &channel);
        EXPECT_EQ(JxlEncoderSetExtraChannelInfo(encoder.get(), i, &channel), JXL_ENC_SUCCESS);
    }
    const std::vector<std::uint8_t> pixels(12, 7), plane(4, 9);
    const JxlPixelFormat format{3, JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};
    EXPECT_EQ(JxlEncoderAddImageFrame(settings, &format, pixels.data(), pixels.size()), JXL_ENC_SUCCESS);
    for (std::uint32_t i = 0; i < kinds.size(); ++i)
        EXPECT_EQ(JxlEncoderSetExtraChannelBuffer(settings, &format, plane.data(), plane.size(), i),
                  JXL_ENC_SUCCESS);
    return finished(encoder.get());
}

TEST(Jxl, ChannelsWithoutAMeaningAreLeftOutWithANote) {
    const Image image = image::decode(
        with_channels({JXL_CHANNEL_DEPTH, JXL_CHANNEL_ALPHA, JXL_CHANNEL_SPOT_COLOR, JXL_CHANNEL_ALPHA}));
    EXPECT_EQ(image.channels(), 4);
    EXPECT_EQ(std::to_integer<int>(*image.view().at(3, 1, 1)), 9);
    EXPECT_THAT(image.metadata.notes, ElementsAre(HasSubstr("3 of the picture's channels")));
    EXPECT_EQ(error_of([] { (void)image::decode(with_channels({JXL_CHANNEL_BLACK})); }),
              code(ErrorCode::unsupported));
}

TEST(Jxl, TruncatedAnywhereIsCorrupt) {
    for (const int quality : {80, 100}) {
        Image made = random_image(19, 17, 4, SampleType::u8);
        made.metadata.exif = exif_block(1, true);
        const auto file = image::encode(made, "jxl", {.jpeg_quality = quality});
        expect_no_partial_picture(file, 0);
    }
}

TEST(Jxl, DamageIsAnErrorOrAPicture) {
    Image made = smooth_image(40, 30, 3);
    made.metadata.exif = exif_block(3, true);
    const std::vector<Bytes> files{image::encode(made, "jxl"), image::encode(made, "jxl", kLossless),
                                   image::encode(smooth_image(30, 30, 4), "jxl")};
    expect_no_crash(files, 1500, 5);
}

TEST(Jxl, WhatItCannotHoldIsRefused) {
    const auto file = image::encode(smooth_image(400, 400, 3), "jxl");
    EXPECT_EQ(error_of([&] { (void)image::decode(file, {.max_pixels = 1000}); }), code(ErrorCode::limit));
}

/// Bits from the lowest of each byte on.
class BitWriter {
  public:
    BitWriter &put(std::uint64_t value, int count) {
        for (int i = 0; i < count; ++i, ++at_) {
            if (at_ % 8 == 0) bytes_.push_back({});
            if ((value >> i & 1U) != 0) bytes_.back() |= std::byte{1} << (at_ % 8);
        }
        return *this;
    }
    BitWriter &pad() { return put(0, (8 - at_ % 8) % 8); }
    [[nodiscard]] const Bytes &bytes() const { return bytes_; }

  private:
    Bytes bytes_;
    int at_ = 0;
};

/// A picture of 8x8 pixels, to which a hidden frame of `side` pixels belongs.
Bytes hidden_frame(std::uint64_t side) {
    BitWriter bits;
    bits.put(0x0aff, 16);
    bits.put(1, 1).put(0, 5).put(1, 3); // 8 rows, as wide as high
    bits.put(1, 1).put(1, 1).pad();     // the rest as usual
    bits.put(0, 1).put(2, 2).put(1, 1); // a frame for reference, modular
    bits.put(0, 2).put(0, 2).put(3, 2); // no flags, not enlarged, groups of 1024
    bits.put(1, 1).put(3, 2).put(side - 18688, 30).put(3, 2).put(side - 18688, 30);
    bits.put(1, 2).put(1, 1).put(0, 2).put(1, 1).put(0, 2); // kept, no name, no filter
    bits.put(0, 1).pad();
    Bytes file = bits.bytes();
    file.resize(file.size() + 4096);
    return file;
}

TEST(Jxl, AHiddenFrameThatIsLargerThanThePictureTakesNothing) {
    for (const std::uint64_t side : {20000U, 1U << 20, 1U << 29}) {
        const Bytes file = hidden_frame(side);
        const Cost cost = cost_of([&] { (void)image::decode(file); });
        EXPECT_EQ(cost.code, code(ErrorCode::limit)) << side;
        EXPECT_LE(cost.bytes, (4U << 20) + kToolBytes) << side;
    }
}

} // namespace
} // namespace mirra::test
