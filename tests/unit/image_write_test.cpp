// Reading and writing files: by extension, atomically, with clear errors.
#include "image_test_support.hpp"

namespace mirra::test {
namespace {

using image::Image;
using image::SampleType;

TEST(Write, ByExtensionInAnyCase) {
    const auto folder = fresh_folder("write");
    const Image picture = smooth_image(20, 10, 3);
    for (const char *name : {"a.png", "a.PNG", "a.jpg", "a.JPEG", "b.x.Jpg"}) {
        image::write(folder / name, picture.view());
        EXPECT_LE(largest_difference(image::read(folder / name), picture), 12) << name;
    }
    EXPECT_EQ(slurp(folder / "a.png").substr(1, 3), "PNG");
    EXPECT_EQ(slurp(folder / "a.JPEG").substr(0, 2), "\xff\xd8");
}

TEST(Write, UnknownExtensionsTouchNothing) {
    const auto folder = fresh_folder("write");
    const Image picture = smooth_image(20, 10, 3);
    for (const char *name : {"a.bmp", "a", "png", "a.png.txt"}) {
        EXPECT_EQ(error_of([&] { image::write(folder / name, picture.view()); }),
                  code(ErrorCode::unsupported))
            << name;
    }
    EXPECT_EQ(count_files(folder), 0U);
}

TEST(Write, FailuresKeepTheOldFileAndNameThePath) {
    const auto folder = fresh_folder("write");
    const auto path = folder / "a.jpg";
    image::write(path, smooth_image(20, 10, 3).view());
    const std::string old = slurp(path);
    const Image wide(65501, 1, 1, SampleType::u8);
    try {
        image::write(path, wide.view());
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        EXPECT_EQ(error.subject(), path.string());
    }
    EXPECT_EQ(slurp(path), old);
    EXPECT_EQ(count_files(folder), 1U);
}

TEST(Write, RefusesBadOptionsAndViews) {
    const Image picture = smooth_image(20, 10, 3);
    const auto attempt = [&](const image::EncodeOptions &options) {
        return error_of([&] { (void)image::encode(picture, "png", options); });
    };
    EXPECT_EQ(attempt({.jpeg_quality = 0}), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt({.jpeg_quality = 101}), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt({.png_compression = -1}), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt({.png_compression = 10}), code(ErrorCode::invalid_argument));
    EXPECT_EQ(attempt({.bit_depth = 12}), code(ErrorCode::invalid_argument));
    EXPECT_EQ(error_of([] { (void)image::encode(image::ConstImageView{}, {}, "png"); }),
              code(ErrorCode::invalid_argument));
    EXPECT_EQ(error_of([&] { (void)image::encode(picture, "bmp"); }), code(ErrorCode::unsupported));
}

TEST(Write, MissingFolderAndFullDisk) {
    const Image picture = smooth_image(20, 10, 3);
    const auto folder = fresh_folder("write");
    EXPECT_EQ(error_of([&] { image::write(folder / "no" / "a.png", picture.view()); }),
              code(ErrorCode::not_found));
    if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
    std::filesystem::create_symlink("/dev/full", folder / "full.png");
    EXPECT_EQ(error_of([&] { image::write(folder / "full.png", picture.view()); }), code(ErrorCode::io));
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(Read, NamesThePath) {
    const auto folder = fresh_folder("read");
    EXPECT_EQ(error_of([&] { (void)image::read(folder / "no.png"); }), code(ErrorCode::not_found));
    EXPECT_EQ(error_of([&] { (void)image::read(folder); }), code(ErrorCode::io));
    std::ofstream(folder / "text.png") << "no image";
    try {
        (void)image::read(folder / "text.png");
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        EXPECT_EQ(error.subject(), (folder / "text.png").string());
        EXPECT_THAT(error.hint(), testing::HasSubstr("png"));
    }
}

TEST(Read, GoesByContentNotByName) {
    const auto folder = fresh_folder("read");
    const Image picture = smooth_image(20, 10, 3);
    image::write(folder / "a.png", picture.view());
    std::filesystem::rename(folder / "a.png", folder / "a.jpg");
    EXPECT_TRUE(same_pixels(image::read(folder / "a.jpg"), picture));
}

TEST(Codecs, AreListed) {
    std::vector<std::string> names;
    for (const image::Codec &codec : image::codecs()) names.emplace_back(codec.name);
    EXPECT_THAT(names, testing::IsSupersetOf({"png", "jpeg"}));
}

} // namespace
} // namespace mirra::test
