// EXIF orientation: all eight, in both byte orders, and broken blocks that must do no harm.
#include "image_test_support.hpp"

namespace mirra::test {
namespace {

using image::Image;
using image::SampleType;

/// Where the upright pixel (x, y) lies in the stored picture of this size, straight from the standard's
/// wording of rows and columns.
std::pair<int, int> stored_place(int orientation, int x, int y, int width, int height) {
    switch (orientation) {
    case 2:
        return {width - 1 - x, y};
    case 3:
        return {width - 1 - x, height - 1 - y};
    case 4:
        return {x, height - 1 - y};
    case 5:
        return {y, x};
    case 6:
        return {y, height - 1 - x};
    case 7:
        return {width - 1 - y, height - 1 - x};
    case 8:
        return {width - 1 - y, x};
    default:
        return {x, y};
    }
}

void expect_upright(const Image &upright, const Image &stored, int orientation) {
    const bool turned = orientation >= 5;
    ASSERT_EQ(upright.width(), turned ? stored.height() : stored.width());
    ASSERT_EQ(upright.height(), turned ? stored.width() : stored.height());
    for (int y = 0; y < upright.height(); ++y) {
        for (int x = 0; x < upright.width(); ++x) {
            const auto [sx, sy] = stored_place(orientation, x, y, stored.width(), stored.height());
            for (int c = 0; c < upright.channels(); ++c) {
                ASSERT_EQ(*upright.view().at(c, x, y), *stored.view().at(c, sx, sy)) << x << "," << y;
            }
        }
    }
}

TEST(Orientation, AllEightInBothByteOrders) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
        for (const bool big : {false, true}) {
            Image stored = random_image(67, 41, 3, SampleType::u8);
            stored.metadata.exif = exif_block(orientation, big);
            const Image upright = image::decode(image::encode(stored, "png"));
            expect_upright(upright, stored, orientation);
            EXPECT_EQ(upright.metadata.exif, exif_block(1, big)) << "the tag must be reset, the rest kept";
        }
    }
}

TEST(Orientation, EveryPixelSize) {
    for (const SampleType type : {SampleType::u8, SampleType::u16}) {
        for (int channels = 1; channels <= 4; ++channels) {
            Image stored = random_image(5, 3, channels, type);
            stored.metadata.exif = exif_block(6, true);
            const Image upright = image::decode(image::encode(stored, "png"));
            ASSERT_EQ(upright.width(), 3);
            const std::size_t pixel = static_cast<std::size_t>(channels) * image::sample_bytes(type);
            EXPECT_EQ(std::memcmp(upright.view().at(0, 0, 0), stored.view().at(0, 0, 2), pixel), 0);
            EXPECT_EQ(std::memcmp(upright.view().at(0, 2, 4), stored.view().at(0, 4, 0), pixel), 0);
        }
    }
}

TEST(Orientation, OfAJpeg) {
    Image stored = smooth_image(40, 24, 3);
    stored.metadata.exif = exif_block(8, false);
    stored.metadata.density = image::Density{100 / 0.0254, 200 / 0.0254};
    const Bytes file = image::encode(stored, "jpeg");
    const Image plain = image::decode(file, {.apply_orientation = false});
    EXPECT_EQ(plain.metadata.exif, exif_block(8, false));
    const Image upright = image::decode(file);
    expect_upright(upright, plain, 8);
    EXPECT_NEAR(upright.metadata.density->x, 200 / 0.0254, 1e-6);
}

TEST(Orientation, XmpIsResetAsWell) {
    Image stored = random_image(5, 3, 3, SampleType::u8);
    stored.metadata.exif = exif_block(6, true);
    const auto packet = [](const std::string &orientation, const std::string &width,
                           const std::string &height) {
        return to_bytes(
            "<r:RDF xmlns:r=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" "
            "xmlns:t=\"http://ns.adobe.com/tiff/1.0/\" xmlns:tiff=\"else\"><r:Description r:about=\"\" "
            "t:Orientation=\"" +
            orientation + "\" t:ImageWidth=\"" + width + "\" tiff:Orientation=\"6\"><t:ImageLength>" +
            height + "</t:ImageLength></r:Description></r:RDF>");
    };
    stored.metadata.xmp = packet("6", "5", "3");
    const Image upright = image::decode(image::encode(stored, "png"));
    EXPECT_EQ(upright.metadata.xmp, packet("1", "5", "3"));
    const Image again = image::decode(image::encode(upright, "jpeg"));
    EXPECT_EQ(again.metadata.xmp, packet("1", "3", "5"));
}

TEST(Orientation, OutOfRangeIsIgnored) {
    for (const int orientation : {0, 9, 65535}) {
        Image stored = random_image(5, 3, 3, SampleType::u8);
        stored.metadata.exif = exif_block(orientation, true);
        EXPECT_TRUE(same_pixels(image::decode(image::encode(stored, "png")), stored));
    }
}

TEST(Orientation, BrokenBlocksNeverHarmThePicture) {
    const Image stored = smooth_image(9, 5, 3);
    const Image reference = image::decode(image::encode(stored, "jpeg"));
    const auto survives = [&](const Bytes &exif) {
        Image carrier = stored;
        carrier.metadata.exif = exif;
        const Image back = image::decode(image::encode(carrier, "jpeg"));
        return back.bytes().size() == reference.bytes().size();
    };
    const Bytes block = exif_block(6, false);
    for (std::size_t size = 0; size < block.size(); ++size) {
        EXPECT_TRUE(survives({block.begin(), block.begin() + static_cast<std::ptrdiff_t>(size)})) << size;
    }
    std::mt19937 random(11);
    for (int i = 0; i < 1000; ++i) {
        Bytes damaged = block;
        for (int k = 0; k < 3; ++k)
            damaged[random() % damaged.size()] = static_cast<std::byte>(random() & 0xffU);
        EXPECT_TRUE(survives(damaged)) << i;
    }
    Bytes looping = block;
    looping[34] = std::byte{8}; // the next directory is the first
    EXPECT_TRUE(survives(looping));
}

} // namespace
} // namespace mirra::test
