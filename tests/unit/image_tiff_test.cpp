// TIFF: files written by libtiff itself in the layouts that programs use, our own, damage, and what is
// refused.
#include "image_file_parts.hpp"

#include <cmath>
#include <functional>
#include <numeric>

#include <libexif/exif-data.h>
#include <tiffio.h>

namespace mirra::test {
namespace {

using image::AlphaMode;
using image::Image;
using image::SampleType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Layout {
    std::uint32_t width = 13, height = 9;
    int samples = 3, bits = 8, format = SAMPLEFORMAT_UINT, photometric = PHOTOMETRIC_RGB;
    int planar = PLANARCONFIG_CONTIG, compression = COMPRESSION_NONE;
    std::uint32_t tile = 0; ///< side of a tile; 0: strips of 4 rows
    std::vector<std::uint16_t> extra{};
    const char *mode = "w";
    std::function<void(TIFF *)> more = [](TIFF *) {};
};

/// Samples from 0 to the largest, each other than its neighbours.
std::uint32_t sample_at(const Layout &layout, std::size_t index) {
    const std::uint64_t most = (std::uint64_t{1} << std::min(layout.bits, 32)) - 1;
    return static_cast<std::uint32_t>(index * 2654435761U % (most + 1));
}

/// Packs samples as a row of a file: whole bytes in the machine's order, else bits from the top.
std::vector<std::uint8_t> packed_row(const Layout &layout, const std::vector<std::uint32_t> &samples) {
    const auto bits = static_cast<std::size_t>(layout.bits);
    std::vector<std::uint8_t> row((samples.size() * bits + 7) / 8);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (bits >= 8 && bits % 8 == 0) {
            std::memcpy(&row[i * bits / 8], &samples[i], bits / 8);
            continue;
        }
        for (std::size_t bit = 0; bit < bits; ++bit)
            if ((samples[i] >> (bits - 1 - bit) & 1U) != 0)
                row[(i * bits + bit) / 8] |= static_cast<std::uint8_t>(0x80U >> ((i * bits + bit) % 8));
    }
    return row;
}

void set_fields(TIFF *tiff, const Layout &layout) {
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, layout.width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, layout.height);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, layout.samples);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, layout.bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, layout.format);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, layout.photometric);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, layout.planar);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, layout.compression);
    if (!layout.extra.empty())
        TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, layout.extra.size(), layout.extra.data());
    if (layout.tile > 0) {
        TIFFSetField(tiff, TIFFTAG_TILEWIDTH, layout.tile);
        TIFFSetField(tiff, TIFFTAG_TILELENGTH, layout.tile);
    } else {
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 4);
    }
    layout.more(tiff);
}

using Sampler = std::function<std::uint32_t(std::uint32_t x, std::uint32_t y, std::uint32_t c)>;

std::vector<std::uint8_t> run_of(const Layout &layout, const Sampler &sampler, std::uint32_t x,
                                 std::uint32_t y, std::uint32_t count, int plane) {
    std::vector<std::uint32_t> samples;
    for (std::uint32_t i = 0; i < count; ++i)
        for (int c = 0; c < layout.samples; ++c)
            if (plane < 0 || plane == c)
                samples.push_back(x + i < layout.width && y < layout.height
                                      ? sampler(x + i, y, static_cast<std::uint32_t>(c))
                                      : 0);
    return packed_row(layout, samples);
}

void write_pixels(TIFF *tiff, const Layout &layout, const Sampler &sampler) {
    const bool apart = layout.planar == PLANARCONFIG_SEPARATE;
    for (int plane = 0; plane < (apart ? layout.samples : 1); ++plane) {
        const auto part = static_cast<std::uint16_t>(plane);
        for (std::uint32_t y = 0; layout.tile == 0 && y < layout.height; ++y) {
            auto row = run_of(layout, sampler, 0, y, layout.width, apart ? plane : -1);
            ASSERT_GE(TIFFWriteScanline(tiff, row.data(), y, part), 0);
        }
        for (std::uint32_t y = 0; layout.tile > 0 && y < layout.height; y += layout.tile)
            for (std::uint32_t x = 0; x < layout.width; x += layout.tile) {
                std::vector<std::uint8_t> tile;
                for (std::uint32_t row = 0; row < layout.tile; ++row) {
                    const auto run = run_of(layout, sampler, x, y + row, layout.tile, apart ? plane : -1);
                    tile.insert(tile.end(), run.begin(), run.end());
                }
                ASSERT_GE(TIFFWriteTile(tiff, tile.data(), x, y, 0, part), 0);
            }
    }
}

Sampler default_sampler(const Layout &layout) {
    return [=](std::uint32_t x, std::uint32_t y, std::uint32_t c) {
        return sample_at(layout,
                         (std::size_t{y} * layout.width + x) * static_cast<std::size_t>(layout.samples) + c);
    };
}

/// A file of some pictures, one directory each.
Bytes make_tiff(const std::vector<Layout> &layouts, const Sampler &sampler = {}) {
    const auto path = fresh_folder("tiff") / "made.tif";
    TIFF *const tiff = TIFFOpen(path.c_str(), layouts.front().mode);
    for (const Layout &layout : layouts) {
        set_fields(tiff, layout);
        write_pixels(tiff, layout, sampler ? sampler : default_sampler(layout));
        TIFFWriteDirectory(tiff);
    }
    TIFFClose(tiff);
    const auto bytes = to_bytes(slurp(path));
    std::filesystem::remove_all(path.parent_path());
    return bytes;
}

/// What a whole sample becomes in 8 or 16 bits.
int scaled(const Layout &layout, std::uint32_t value) {
    const double most = std::exp2(layout.bits) - 1;
    return static_cast<int>(std::lround(value / most * (layout.bits <= 8 ? 255 : 65535)));
}

void expect_samples(const Layout &layout) {
    const Image image = image::decode(make_tiff({layout}));
    ASSERT_EQ(image.width(), static_cast<int>(layout.width));
    ASSERT_EQ(image.height(), static_cast<int>(layout.height));
    ASSERT_EQ(image.channels(), layout.samples);
    EXPECT_THAT(image.metadata.exif, IsEmpty());
    const auto values = values_of(image);
    const auto expected = default_sampler(layout);
    std::size_t i = 0;
    for (std::uint32_t y = 0; y < layout.height; ++y)
        for (std::uint32_t x = 0; x < layout.width; ++x)
            for (std::uint32_t c = 0; c < static_cast<std::uint32_t>(layout.samples); ++c, ++i)
                ASSERT_NEAR(values[i], scaled(layout, expected(x, y, c)), layout.bits == 32 ? 1 : 0)
                    << x << ',' << y << ',' << c << " of " << layout.bits << " bits";
}

TEST(Tiff, EveryLayoutHasTheSamplesThatWereWritten) {
    constexpr int kGray = PHOTOMETRIC_MINISBLACK;
    for (const int compression :
         {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_PACKBITS})
        for (const int planar : {PLANARCONFIG_CONTIG, PLANARCONFIG_SEPARATE})
            for (const std::uint32_t tile : {0U, 16U})
                for (const int bits : {8, 16})
                    for (const char *mode : {"w", "wb", "w8"})
                        expect_samples({.bits = bits,
                                        .planar = planar,
                                        .compression = compression,
                                        .tile = tile,
                                        .mode = mode});
    for (const int bits : {1, 2, 3, 4, 7, 8, 10, 12, 14, 15, 16, 32})
        for (const std::uint32_t tile : {0U, 16U}) {
            expect_samples({.samples = 1, .bits = bits, .photometric = kGray, .tile = tile});
            expect_samples({.bits = bits, .tile = tile});
        }
    expect_samples({.samples = 2, .photometric = kGray, .extra = {EXTRASAMPLE_UNASSALPHA}});
    expect_samples(
        {.samples = 4, .bits = 16, .planar = PLANARCONFIG_SEPARATE, .extra = {EXTRASAMPLE_UNASSALPHA}});
}

TEST(Tiff, RealNumbersStayAsTheyAre) {
    const auto real = [](std::uint32_t x, std::uint32_t y, std::uint32_t c) {
        return std::bit_cast<std::uint32_t>(static_cast<float>(x) * 0.5F - static_cast<float>(y) +
                                            static_cast<float>(c));
    };
    for (const std::uint32_t tile : {0U, 16U}) {
        const Image image =
            image::decode(make_tiff({{.bits = 32, .format = SAMPLEFORMAT_IEEEFP, .tile = tile}}, real));
        ASSERT_EQ(image.sample(), SampleType::f32);
        float value = 0;
        std::memcpy(&value, image.view().at(2, 4, 5), sizeof value);
        EXPECT_EQ(value, 4 * 0.5F - 5 + 2);
    }
    const auto half = [](std::uint32_t x, std::uint32_t, std::uint32_t) {
        return x == 0 ? 0x3c00U : 0xc000U;
    };
    const Image image = image::decode(make_tiff({{.bits = 16, .format = SAMPLEFORMAT_IEEEFP}}, half));
    float one = 0, minus_two = 0;
    std::memcpy(&one, image.view().at(0, 0, 0), sizeof one);
    std::memcpy(&minus_two, image.view().at(1, 1, 0), sizeof minus_two);
    EXPECT_EQ(one, 1.0F);
    EXPECT_EQ(minus_two, -2.0F);
}

TEST(Tiff, WhiteMayBeZero) {
    const Layout layout{.samples = 1, .bits = 8, .photometric = PHOTOMETRIC_MINISWHITE};
    const Image image = image::decode(make_tiff({layout}));
    EXPECT_EQ(values_of(image)[5], 255 - static_cast<int>(sample_at(layout, 5)));
}

TEST(Tiff, PalettesBecomeRgb) {
    std::vector<std::uint16_t> red(16), green(16), blue(16);
    for (std::uint16_t i = 0; i < 16; ++i) {
        red[i] = static_cast<std::uint16_t>(i * 0x1111);
        green[i] = static_cast<std::uint16_t>(0xffff - i * 0x1000);
        blue[i] = 0x8080;
    }
    const Layout layout{.samples = 1, .bits = 4, .photometric = PHOTOMETRIC_PALETTE, .more = [&](TIFF *tiff) {
                            TIFFSetField(tiff, TIFFTAG_COLORMAP, red.data(), green.data(), blue.data());
                        }};
    const auto index = [](std::uint32_t x, std::uint32_t, std::uint32_t) { return x; };
    const Image image = image::decode(make_tiff({layout}, index));
    ASSERT_EQ(image.channels(), 3);
    const auto values = values_of(image);
    EXPECT_THAT((std::vector(values.begin() + 9, values.begin() + 12)), ElementsAre(0x33, 0xcf, 0x80));
}

TEST(Tiff, AssociatedAlphaBecomesStraight) {
    const auto pixel = [](std::uint32_t, std::uint32_t, std::uint32_t c) { return c == 3 ? 128U : 64U; };
    const Image image = image::decode(make_tiff({{.samples = 4, .extra = {EXTRASAMPLE_ASSOCALPHA}}}, pixel));
    ASSERT_EQ(image.channels(), 4);
    const auto values = values_of(image);
    EXPECT_NEAR(values[0], 128, 1); // 64 / (128 / 255)
    EXPECT_EQ(values[3], 128);
}

TEST(Tiff, ChannelsWithoutMeaningAreLeftOutWithANote) {
    const Image image = image::decode(
        make_tiff({{.samples = 5, .extra = {EXTRASAMPLE_UNSPECIFIED, EXTRASAMPLE_UNSPECIFIED}}}));
    EXPECT_EQ(image.channels(), 3);
    EXPECT_THAT(image.metadata.notes, ElementsAre(HasSubstr("2 of the picture's channels")));
}

TEST(Tiff, InksBecomeRgb) {
    const auto ink = [](std::uint32_t, std::uint32_t, std::uint32_t c) {
        return c == 0 ? 255U : c == 3 ? 51U : 0U;
    };
    const Image image = image::decode(make_tiff({{.samples = 4, .photometric = PHOTOMETRIC_SEPARATED}}, ink));
    ASSERT_EQ(image.channels(), 3);
    const auto values = values_of(image);
    EXPECT_THAT((std::vector(values.begin(), values.begin() + 3)), ElementsAre(0, 204, 204));
    EXPECT_THAT(image.metadata.notes, ElementsAre(HasSubstr("inks (CMYK)")));
}

TEST(Tiff, JpegInATiffIsReadWithItsColours) {
    const auto red = [](std::uint32_t, std::uint32_t, std::uint32_t c) { return c == 0 ? 220U : 30U; };
    const Layout layout{.width = 64,
                        .height = 48,
                        .photometric = PHOTOMETRIC_YCBCR,
                        .compression = COMPRESSION_JPEG,
                        .more = [](TIFF *tiff) {
                            TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
                            TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 16);
                        }};
    const Image image = image::decode(make_tiff({layout}, red));
    const auto values = values_of(image);
    EXPECT_NEAR(values[0], 220, 4);
    EXPECT_NEAR(values[1], 30, 4);
}

TEST(Tiff, WhatLibtiffConvertsIsTurnedOnce) {
    for (const int photometric : {PHOTOMETRIC_YCBCR, PHOTOMETRIC_CIELAB}) {
        const auto made = [&](int orientation) {
            return make_tiff({{.photometric = photometric, .more = [orientation](TIFF *tiff) {
                                   TIFFSetField(tiff, TIFFTAG_YCBCRSUBSAMPLING, 1, 1);
                                   TIFFSetField(tiff, TIFFTAG_ORIENTATION, orientation);
                               }}});
        };
        const Image upright = image::decode(made(1));
        for (const int orientation : {2, 3, 4, 5, 6, 7, 8})
            EXPECT_TRUE(same_pixels(image::decode(made(orientation), {.apply_orientation = false}), upright))
                << photometric << " turned by " << orientation;
        EXPECT_EQ(image::decode(made(6)).width(), upright.height());
    }
}

TEST(Tiff, LabBecomesSrgbWithoutTheProfileOfLab) {
    const Bytes icc = rgb_profile();
    const Image lab =
        image::decode(make_tiff({{.photometric = PHOTOMETRIC_CIELAB, .more = [&](TIFF *tiff) {
                                      TIFFSetField(tiff, TIFFTAG_ICCPROFILE, icc.size(), icc.data());
                                  }}}));
    EXPECT_TRUE(lab.metadata.icc.empty());
    EXPECT_THAT(lab.metadata.notes, ElementsAre(HasSubstr("Lab")));
}

TEST(Tiff, InksThatCannotBeReadAreNamed) {
    const auto refused = [](const Layout &layout) {
        try {
            (void)image::decode(make_tiff({layout}));
        } catch (const Error &error) {
            return std::string(error.what());
        }
        return std::string("read");
    };
    const auto multi = [](TIFF *tiff) { TIFFSetField(tiff, TIFFTAG_INKSET, INKSET_MULTIINK); };
    EXPECT_THAT(refused({.samples = 4, .photometric = PHOTOMETRIC_SEPARATED, .more = multi}),
                HasSubstr("not CMYK"));
    EXPECT_THAT(
        refused({.samples = 4, .photometric = PHOTOMETRIC_SEPARATED, .planar = PLANARCONFIG_SEPARATE}),
        HasSubstr("planes"));
    const Image inks = image::decode(
        make_tiff({{.samples = 5, .photometric = PHOTOMETRIC_SEPARATED, .extra = {EXTRASAMPLE_UNASSALPHA}}}));
    EXPECT_THAT(inks.metadata.notes, testing::Contains(HasSubstr("1 of the picture's channels")));
}

TEST(Tiff, ABlankPageOfFewBytesIsNoDamage) {
    const Layout page{.width = 16000,
                      .height = 2000,
                      .samples = 1,
                      .bits = 1,
                      .photometric = PHOTOMETRIC_MINISWHITE,
                      .compression = COMPRESSION_CCITTFAX4,
                      .more = [](TIFF *tiff) { TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 2000); }};
    const auto path = fresh_folder("page") / "made.tif";
    TIFF *const tiff = TIFFOpen(path.c_str(), "w");
    set_fields(tiff, page);
    std::vector<std::uint8_t> row(16000 / 8);
    for (std::uint32_t y = 0; y < page.height; ++y) TIFFWriteScanline(tiff, row.data(), y, 0);
    TIFFClose(tiff);
    const auto file = to_bytes(slurp(path));
    std::filesystem::remove_all(path.parent_path());
    EXPECT_LT(file.size() * 4096, 16000ULL * 2000 / 8);
    const Image image = image::decode(file);
    EXPECT_EQ(image.bit_depth, 1);
    EXPECT_EQ(std::to_integer<int>(image.bytes().back()), 255);
}

TEST(Tiff, RunsMayGoOnInTheNextRow) {
    const Layout layout{.width = 3, .height = 4, .samples = 1, .photometric = PHOTOMETRIC_MINISBLACK};
    Bytes file = make_tiff({layout}, [](auto, auto, auto) { return 9; });
    // The 12 bytes of its only strip: a run of 7 and one of 5.
    const auto strip = to_bytes(std::string_view("\xfa\x07\xfc\x05", 4));
    const auto place = std::ranges::search(file, std::vector<std::byte>(12, std::byte{9})).begin();
    ASSERT_NE(place, file.end());
    std::ranges::copy(strip, place);
    const auto set_value = [&](int tag, std::uint32_t value) {
        for (std::size_t at = 0; at + 12 <= file.size(); ++at)
            if (std::to_integer<int>(file[at]) == (tag & 255) &&
                std::to_integer<int>(file[at + 1]) == tag >> 8 && std::to_integer<int>(file[at + 4]) == 1 &&
                std::to_integer<int>(file[at + 5]) == 0) {
                std::memcpy(&file[at + 8], &value, 2);
                return;
            }
        ADD_FAILURE() << "no tag " << tag;
    };
    set_value(TIFFTAG_COMPRESSION, COMPRESSION_PACKBITS);
    set_value(TIFFTAG_STRIPBYTECOUNTS, 4);
    EXPECT_THAT(values_of(image::decode(file)), ElementsAre(7, 7, 7, 7, 7, 7, 7, 5, 5, 5, 5, 5));
}

TEST(Tiff, RealNumbersOfWhichZeroIsWhiteAreTurnedRound) {
    const float quarter = 0.25F;
    std::uint32_t bits = 0;
    std::memcpy(&bits, &quarter, sizeof bits);
    const Image image = image::decode(make_tiff(
        {{.samples = 1, .bits = 32, .format = SAMPLEFORMAT_IEEEFP, .photometric = PHOTOMETRIC_MINISWHITE}},
        [bits](auto, auto, auto) { return bits; }));
    float value = 0;
    std::memcpy(&value, image.bytes().data(), sizeof value);
    EXPECT_EQ(value, 0.75F);
}

TEST(Tiff, ThePreviewIsPassedOverAndFurtherPicturesAreNoted) {
    const Layout preview{.width = 5, .height = 4, .more = [](TIFF *tiff) {
                             TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
                         }};
    const Image image = image::decode(make_tiff({preview, {}, {.width = 3, .height = 3}}));
    EXPECT_EQ(image.width(), 13);
    EXPECT_THAT(image.metadata.notes, ElementsAre("1 further picture of the file was left out."));
}

TEST(Tiff, WhatIsWrittenComesBack) {
    for (const SampleType sample : {SampleType::u8, SampleType::u16, SampleType::f32})
        for (int channels = 1; channels <= 4; ++channels)
            for (const int level : {0, 3}) {
                Image made = random_image(61, 43, channels, sample, 7);
                if (sample == SampleType::f32)
                    for (std::size_t i = 0; i < made.bytes().size() / 4; ++i) {
                        const auto value = static_cast<float>(i) / 100.0F - 3;
                        std::memcpy(made.bytes().data() + i * 4, &value, 4);
                    }
                const auto bytes = image::encode(made, "tiff", {.png_compression = level});
                EXPECT_TRUE(same_pixels(image::decode(bytes), made))
                    << channels << " channels, level " << level;
            }
}

TEST(Tiff, BitDepthsAreChosen) {
    const Image wide = random_image(9, 9, 3, SampleType::u16);
    EXPECT_EQ(image::decode(image::encode(wide, "tiff", {.bit_depth = 8})).sample(), SampleType::u8);
    const Image real = image::decode(image::encode(wide, "tiff", {.bit_depth = 32}));
    ASSERT_EQ(real.sample(), SampleType::f32);
    EXPECT_TRUE(same_pixels(image::decode(image::encode(real, "tiff", {.bit_depth = 16})), wide));
    EXPECT_EQ(error_of([&] { (void)image::encode(wide, "png", {.bit_depth = 32}); }),
              code(ErrorCode::unsupported));
    EXPECT_EQ(error_of([&] { (void)image::encode(wide, "tiff", {.bit_depth = 12}); }),
              code(ErrorCode::invalid_argument));
}

TEST(Tiff, AnyProgramReadsWhatIsWritten) {
    const auto path = fresh_folder("tiff") / "out.tif";
    const Image made = random_image(31, 17, 4, SampleType::u16);
    image::write(path, made.view(), made.metadata);
    TIFF *const tiff = TIFFOpen(path.c_str(), "r");
    ASSERT_NE(tiff, nullptr);
    std::vector<std::uint16_t> row(31 * 4);
    for (std::uint32_t y = 0; y <= 16; ++y) EXPECT_EQ(TIFFReadScanline(tiff, row.data(), y, 0), 1);
    EXPECT_EQ(std::memcmp(row.data(), made.view().at(0, 0, 16), row.size() * 2), 0);
    TIFFClose(tiff);
}

/// EXIF with a value in each of its directories.
Bytes full_exif(bool big) {
    const ExifByteOrder order = big ? EXIF_BYTE_ORDER_MOTOROLA : EXIF_BYTE_ORDER_INTEL;
    ExifData *const data = exif_data_new();
    exif_data_set_byte_order(data, order);
    const auto add = [&](ExifIfd part, ExifTag tag, ExifFormat format, const std::string &value,
                         unsigned count) {
        ExifEntry *const entry = exif_entry_new();
        entry->tag = tag, entry->format = format, entry->components = count;
        entry->size = static_cast<unsigned>(value.size());
        entry->data = static_cast<unsigned char *>(std::malloc(value.size()));
        std::memcpy(entry->data, value.data(), value.size());
        exif_content_add_entry(data->ifd[part], entry);
        exif_entry_unref(entry);
    };
    add(EXIF_IFD_0, EXIF_TAG_MAKE, EXIF_FORMAT_ASCII, std::string("Camera maker\0", 13), 13);
    add(EXIF_IFD_EXIF, EXIF_TAG_LENS_MODEL, EXIF_FORMAT_ASCII, std::string("A long name of a lens\0", 22),
        22);
    std::string exposure(8, '\0');
    exif_set_rational(reinterpret_cast<unsigned char *>(exposure.data()), order, {1, 250});
    add(EXIF_IFD_EXIF, EXIF_TAG_EXPOSURE_TIME, EXIF_FORMAT_RATIONAL, exposure, 1);
    add(EXIF_IFD_GPS, static_cast<ExifTag>(EXIF_TAG_GPS_LATITUDE_REF), EXIF_FORMAT_ASCII,
        std::string("N\0", 2), 2);
    unsigned char *block = nullptr;
    unsigned size = 0;
    exif_data_save_data(data, &block, &size);
    Bytes out = to_bytes(std::string_view(reinterpret_cast<char *>(block), size).substr(6));
    std::free(block);
    exif_data_unref(data);
    return out;
}

std::string value_in(const Bytes &exif, ExifIfd part, int tag) {
    const std::string whole = std::string("Exif\0\0", 6) + as_string(exif);
    ExifData *const data = exif_data_new_from_data(reinterpret_cast<const unsigned char *>(whole.data()),
                                                   static_cast<unsigned>(whole.size()));
    std::array<char, 100> text{};
    ExifEntry *const entry = exif_content_get_entry(data->ifd[part], static_cast<ExifTag>(tag));
    if (entry != nullptr) exif_entry_get_value(entry, text.data(), text.size());
    exif_data_unref(data);
    return text.data();
}

TEST(Tiff, ExifOfEveryDirectoryTravels) {
    for (const bool big : {false, true}) {
        Image made = random_image(8, 8, 3, SampleType::u8);
        made.metadata.exif = full_exif(big);
        made.metadata.density = image::Density{11811, 11811};
        Image back = image::decode(image::encode(made, "tiff"));
        back = image::decode(image::encode(back, "tiff")); // twice: out of a file, not of a block
        EXPECT_TRUE(same_pixels(back, made));
        EXPECT_EQ(value_in(back.metadata.exif, EXIF_IFD_0, EXIF_TAG_MAKE), "Camera maker");
        EXPECT_EQ(value_in(back.metadata.exif, EXIF_IFD_EXIF, EXIF_TAG_LENS_MODEL), "A long name of a lens");
        EXPECT_EQ(value_in(back.metadata.exif, EXIF_IFD_EXIF, EXIF_TAG_EXPOSURE_TIME), "1/250 sec.");
        EXPECT_EQ(value_in(back.metadata.exif, EXIF_IFD_GPS, EXIF_TAG_GPS_LATITUDE_REF), "N");
        ASSERT_TRUE(back.metadata.density);
        EXPECT_NEAR(back.metadata.density->x, 11811, 1);
        const Image as_jpeg = image::decode(image::encode(back, "jpeg"));
        EXPECT_EQ(value_in(as_jpeg.metadata.exif, EXIF_IFD_EXIF, EXIF_TAG_LENS_MODEL),
                  "A long name of a lens");
    }
}

TEST(Tiff, ProfileXmpAndPhotoshopTravel) {
    Image made = random_image(8, 8, 3, SampleType::u8);
    made.metadata.icc = rgb_profile();
    made.metadata.photoshop = to_bytes(std::string("8BIM\x04\x04\0\0\0\0\0\x05\x1c\x02\x78\0\0\0", 18));
    made.metadata.xmp = to_bytes(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
        "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
        "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:format=\"photo\"/>"
        "</rdf:RDF></x:xmpmeta>");
    const Image back = image::decode(image::encode(made, "tiff"));
    EXPECT_EQ(back.metadata.icc, made.metadata.icc);
    EXPECT_EQ(back.metadata.photoshop, made.metadata.photoshop);
    EXPECT_THAT(as_string(back.metadata.xmp), HasSubstr("photo"));
}

TEST(Tiff, OrientationIsApplied) {
    for (const char *mode : {"w", "wb", "w8"})
        for (int orientation = 1; orientation <= 8; ++orientation) {
            const Layout layout{.width = 5, .height = 3, .bits = 16, .mode = mode, .more = [&](TIFF *tiff) {
                                    TIFFSetField(tiff, TIFFTAG_ORIENTATION, orientation);
                                }};
            const Image image = image::decode(make_tiff({layout}));
            EXPECT_EQ(image.width(), orientation >= 5 ? 3 : 5) << orientation << mode;
            const bool right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
            const bool bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
            std::uint16_t value = 0; // where the first stored pixel went
            std::memcpy(&value,
                        image.view().at(0, right ? image.width() - 1 : 0, bottom ? image.height() - 1 : 0),
                        2);
            EXPECT_EQ(value, sample_at(layout, 0)) << orientation << mode;
        }
}

TEST(Tiff, RealPicturesTurnToo) {
    const Layout layout{
        .width = 5, .height = 3, .bits = 32, .format = SAMPLEFORMAT_IEEEFP, .more = [](TIFF *tiff) {
            TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_RIGHTTOP);
        }};
    const auto place = [](std::uint32_t x, std::uint32_t y, std::uint32_t c) {
        return std::bit_cast<std::uint32_t>(static_cast<float>(100 * y + 10 * x + c));
    };
    const Image image = image::decode(make_tiff({layout}, place));
    float value = 0;
    std::memcpy(&value, image.view().at(2, 2, 4), sizeof value);
    EXPECT_EQ(value, 42); // the stored pixel (4, 0) lies at the bottom right
}

TEST(Tiff, RawFilesOfCamerasAreRefusedWithTheCommandThatDevelopsThem) {
    constexpr int kColorFilterArray = 32803;
    const auto refusal = [](const Bytes &file) {
        try {
            (void)image::decode(file);
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), ErrorCode::unsupported);
            return error.hint();
        }
        return std::string();
    };
    EXPECT_THAT(refusal(make_tiff({{.samples = 1, .bits = 16, .photometric = kColorFilterArray}})),
                HasSubstr("darktable-cli"));
    const Layout dng{.more = [](TIFF *tiff) {
        const std::array<std::uint8_t, 4> version{1, 4, 0, 0};
        TIFFSetField(tiff, TIFFTAG_DNGVERSION, version.data());
    }};
    EXPECT_THAT(refusal(make_tiff({dng})), HasSubstr("darktable-cli"));
    // A preview alone, with the camera's data in a directory below it.
    const auto preview = [](TIFF *tiff) {
        const std::array<std::uint64_t, 1> place{0};
        TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
        TIFFSetField(tiff, TIFFTAG_SUBIFD, 1, place.data());
    };
    EXPECT_THAT(refusal(make_tiff({{.more = preview}, {.width = 8, .height = 8}})),
                HasSubstr("darktable-cli"));
    EXPECT_THAT(refusal(to_bytes(std::string("II*\0\x10\0\0\0CR\2\0", 12) + std::string(40, '\0'))),
                testing::Not(IsEmpty()));
}

TEST(Tiff, WhatHasNoPlaceInAPictureIsRefused) {
    EXPECT_EQ(error_of([] { (void)image::decode(make_tiff({{.bits = 16, .format = SAMPLEFORMAT_INT}})); }),
              code(ErrorCode::unsupported));
    EXPECT_EQ(error_of([] {
                  (void)image::decode(make_tiff({{.bits = 32,
                                                  .format = SAMPLEFORMAT_IEEEFP,
                                                  .photometric = PHOTOMETRIC_LOGL,
                                                  .more = [](TIFF *) {}}}));
              }),
              code(ErrorCode::unsupported));
}

TEST(Tiff, TruncatedAnywhereIsCorrupt) {
    const std::vector<Bytes> files{image::encode(random_image(9, 7, 3, SampleType::u8), "tiff"),
                                   make_tiff({{.compression = COMPRESSION_LZW}}), make_tiff({{.tile = 16}}),
                                   make_tiff({{.mode = "w8"}})};
    for (const Bytes &file : files)
        expect_no_partial_picture(file, file.size(),
                                  {ErrorCode::corrupt, ErrorCode::unsupported, ErrorCode::limit});
}

TEST(Tiff, DamageIsAnErrorOrAPicture) {
    const std::vector<Bytes> files{
        make_tiff({{.compression = COMPRESSION_ADOBE_DEFLATE}}), make_tiff({{.tile = 16}}),
        make_tiff({{.samples = 1, .bits = 4, .photometric = PHOTOMETRIC_MINISBLACK}}),
        make_tiff({{.bits = 16, .planar = PLANARCONFIG_SEPARATE}, {.width = 3, .height = 3}})};
    expect_no_crash(files, 4000, 11);
}

TEST(Tiff, AFewBytesDoNotClaimMuchMemory) {
    const Layout large{.width = 60000,
                       .height = 60000,
                       .samples = 1,
                       .photometric = PHOTOMETRIC_MINISBLACK,
                       .compression = COMPRESSION_ADOBE_DEFLATE};
    const auto path = fresh_folder("tiff") / "large.tif";
    TIFF *const tiff = TIFFOpen(path.c_str(), "w");
    set_fields(tiff, large);
    std::vector<std::uint8_t> row(large.width);
    EXPECT_EQ(TIFFWriteScanline(tiff, row.data(), 0, 0), 1);
    TIFFClose(tiff);
    const auto file = to_bytes(slurp(path));
    EXPECT_EQ(error_of([&] { (void)image::decode(file); }), code(ErrorCode::limit));
    EXPECT_EQ(error_of([&] { (void)image::decode(file, {.max_pixels = std::uint64_t{1} << 40}); }),
              code(ErrorCode::corrupt));
}

/// A tile of a thousand samples a pixel would take gigabytes.
TEST(Tiff, ChannelsWithoutMeaningDoNotMakeTilesLarge) {
    const Layout many{.width = 2048,
                      .height = 2048,
                      .samples = 1000,
                      .photometric = PHOTOMETRIC_MINISBLACK,
                      .compression = COMPRESSION_ADOBE_DEFLATE,
                      .tile = 2048,
                      .extra = std::vector<std::uint16_t>(999, EXTRASAMPLE_UNSPECIFIED)};
    const auto path = fresh_folder("tiff") / "many.tif";
    TIFF *const tiff = TIFFOpen(path.c_str(), "w");
    set_fields(tiff, many);
    std::array<std::uint8_t, 64> bytes{};
    EXPECT_EQ(TIFFWriteRawTile(tiff, 0, bytes.data(), bytes.size()), std::ssize(bytes));
    TIFFClose(tiff);
    const auto file = to_bytes(slurp(path));
    EXPECT_EQ(error_of([&] { (void)image::decode(file, {.tolerate_damage = true}); }),
              code(ErrorCode::limit));
}

} // namespace
} // namespace mirra::test
