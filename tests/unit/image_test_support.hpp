// What the image tests share: pictures, files made with libpng and libjpeg themselves, and checks of errors.
#pragma once

#include "mirra/error.hpp"
#include "mirra/image.hpp"
#include "scratch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jpeglib.h>
#include <png.h>

namespace mirra::test {

using Bytes = std::vector<std::byte>;

/// The code of the mirra::Error that `function` throws; 0 where it throws none.
template<class Function> int error_of(Function &&function) {
    try {
        std::forward<Function>(function)();
    } catch (const Error &error) {
        EXPECT_STRNE(error.what(), "");
        return static_cast<int>(error.code());
    }
    return 0;
}

constexpr int code(ErrorCode value) {
    return static_cast<int>(value);
}

/// A new, empty folder.
inline std::filesystem::path fresh_folder(const std::string &name) {
    const auto folder = std::filesystem::path(mirra::test::scratch()) /
                        ("mirra-" + name + "-" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(folder);
    return folder;
}

inline std::size_t count_files(const std::filesystem::path &folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

inline std::string slurp(const std::filesystem::path &path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline Bytes to_bytes(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

/// Every byte drawn at random.
inline image::Image random_image(int width, int height, int channels, image::SampleType sample,
                                 unsigned seed = 1) {
    image::Image result(width, height, channels, sample);
    std::mt19937 random(seed);
    for (std::byte &byte : result.bytes()) byte = static_cast<std::byte>(random() & 0xffU);
    return result;
}

/// A smooth picture, which JPEG keeps well.
inline image::Image smooth_image(int width, int height, int channels) {
    image::Image result(width, height, channels, image::SampleType::u8);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (int c = 0; c < channels; ++c) {
                const double wave = std::sin(0.06 * (c + 1) * x + 0.1 * y);
                *result.view().at(c, x, y) = static_cast<std::byte>(static_cast<int>(128 + 80 * wave));
            }
        }
    }
    return result;
}

inline std::vector<int> values_of(const image::Image &image) {
    std::vector<int> values;
    for (std::size_t i = 0; i < image.bytes().size(); i += image::sample_bytes(image.sample())) {
        std::uint16_t wide = 0;
        if (image.sample() == image::SampleType::u16) std::memcpy(&wide, image.bytes().data() + i, 2);
        values.push_back(image.sample() == image::SampleType::u16 ? wide
                                                                  : std::to_integer<int>(image.bytes()[i]));
    }
    return values;
}

struct PngSpec {
    unsigned width = 0;
    unsigned height = 0;
    int color = PNG_COLOR_TYPE_GRAY;
    int depth = 8;
    int interlace = PNG_INTERLACE_NONE;
    std::vector<png_color> palette{};
    std::vector<png_byte> palette_alpha{};
    int transparent_gray = -1; ///< also each channel of the transparent RGB colour
    std::string comment{};     ///< stored compressed
};

inline int png_channels(int color) {
    return (color & PNG_COLOR_MASK_COLOR && color != PNG_COLOR_TYPE_PALETTE ? 3 : 1) +
           (color & PNG_COLOR_MASK_ALPHA ? 1 : 0);
}

/// A PNG of these samples, one each entry, packed here to the file's depth.
inline Bytes make_png(const PngSpec &spec, const std::vector<int> &samples) {
    Bytes out;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(
        png, &out,
        [](png_structp writer, png_bytep data, std::size_t count) {
            const auto bytes = std::as_bytes(std::span(data, count));
            auto &target = *static_cast<Bytes *>(png_get_io_ptr(writer));
            target.insert(target.end(), bytes.begin(), bytes.end());
        },
        nullptr);
    png_set_IHDR(png, info, spec.width, spec.height, spec.depth, spec.color, spec.interlace,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (!spec.palette.empty())
        png_set_PLTE(png, info, spec.palette.data(), static_cast<int>(spec.palette.size()));
    if (!spec.palette_alpha.empty()) {
        png_set_tRNS(png, info, spec.palette_alpha.data(), static_cast<int>(spec.palette_alpha.size()),
                     nullptr);
    } else if (spec.transparent_gray >= 0) {
        const auto value = static_cast<png_uint_16>(spec.transparent_gray);
        const png_color_16 color{0, value, value, value, value};
        png_set_tRNS(png, info, nullptr, 0, &color);
    }
    if (!spec.comment.empty()) {
        std::string key = "Comment";
        std::string text = spec.comment;
        png_text chunk{};
        chunk.compression = PNG_TEXT_COMPRESSION_zTXt;
        chunk.key = key.data();
        chunk.text = text.data();
        chunk.text_length = text.size();
        png_set_text(png, info, &chunk, 1);
    }
    png_write_info(png, info);
    const auto per_row =
        static_cast<std::size_t>(spec.width) * static_cast<std::size_t>(png_channels(spec.color));
    const auto depth = static_cast<std::size_t>(spec.depth);
    std::vector<std::vector<png_byte>> rows(spec.height, std::vector<png_byte>((per_row * depth + 7) / 8));
    std::vector<png_bytep> pointers;
    for (std::size_t y = 0; y < spec.height; ++y) {
        for (std::size_t i = 0; i < per_row; ++i) {
            const auto value = static_cast<unsigned>(samples[y * per_row + i]);
            for (std::size_t bit = 0; bit < depth; ++bit) {
                const std::size_t at = i * depth + bit;
                if ((value >> (depth - 1 - bit) & 1U) != 0)
                    rows[y][at / 8] |= static_cast<png_byte>(0x80U >> (at % 8));
            }
        }
        pointers.push_back(rows[y].data());
    }
    png_write_image(png, pointers.data());
    png_write_end(png, nullptr);
    png_destroy_write_struct(&png, &info);
    return out;
}

struct JpegSpec {
    int width = 0;
    int height = 0;
    J_COLOR_SPACE in = JCS_RGB;
    J_COLOR_SPACE stored = JCS_YCbCr;
    bool progressive = false;
    bool arithmetic = false;
    int restart_rows = 0;
    std::vector<jpeg_scan_info> scans{};
};

inline int jpeg_channels(J_COLOR_SPACE space) {
    return space == JCS_GRAYSCALE ? 1 : space == JCS_CMYK ? 4 : 3;
}

/// A JPEG of quality 95 without colour subsampling.
inline Bytes make_jpeg(const JpegSpec &spec, std::vector<JSAMPLE> samples) {
    jpeg_compress_struct jpeg{};
    jpeg_error_mgr errors{};
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    unsigned char *buffer = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&jpeg, &buffer, &size);
    jpeg.image_width = static_cast<JDIMENSION>(spec.width);
    jpeg.image_height = static_cast<JDIMENSION>(spec.height);
    jpeg.input_components = jpeg_channels(spec.in);
    jpeg.in_color_space = spec.in;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, spec.stored);
    jpeg_set_quality(&jpeg, 95, TRUE);
    for (int i = 0; i < jpeg.num_components; ++i)
        jpeg.comp_info[i].h_samp_factor = jpeg.comp_info[i].v_samp_factor = 1;
    if (spec.progressive) jpeg_simple_progression(&jpeg);
    if (spec.arithmetic) jpeg.arith_code = TRUE;
    if (!spec.scans.empty()) {
        jpeg.scan_info = spec.scans.data();
        jpeg.num_scans = static_cast<int>(spec.scans.size());
    }
    jpeg.restart_in_rows = spec.restart_rows;
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = samples.data() + static_cast<std::size_t>(jpeg.next_scanline) *
                                            static_cast<std::size_t>(spec.width * jpeg.input_components);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    const auto bytes = std::as_bytes(std::span(buffer, size));
    Bytes result(bytes.begin(), bytes.end());
    jpeg_destroy_compress(&jpeg);
    std::free(buffer);
    return result;
}

inline std::vector<JSAMPLE> samples_of(const image::Image &image) {
    std::vector<JSAMPLE> result;
    for (const std::byte byte : image.bytes()) result.push_back(std::to_integer<JSAMPLE>(byte));
    return result;
}

/// Largest difference of two 8-bit pictures of one shape.
inline int largest_difference(const image::Image &a, const image::Image &b) {
    EXPECT_EQ(a.bytes().size(), b.bytes().size());
    int largest = 0;
    for (std::size_t i = 0; i < std::min(a.bytes().size(), b.bytes().size()); ++i) {
        largest = std::max(largest,
                           std::abs(std::to_integer<int>(a.bytes()[i]) - std::to_integer<int>(b.bytes()[i])));
    }
    return largest;
}

inline bool same_pixels(const image::Image &a, const image::Image &b) {
    return a.width() == b.width() && a.height() == b.height() && a.channels() == b.channels() &&
           a.sample() == b.sample() && std::ranges::equal(a.bytes(), b.bytes());
}

/// Every prefix is one of the errors, or the very same picture where no more than `may_lack` bytes are gone.
inline void expect_no_partial_picture(const Bytes &file, std::size_t may_lack,
                                      const std::vector<ErrorCode> &errors = {ErrorCode::corrupt,
                                                                              ErrorCode::unsupported}) {
    const image::Image whole = image::decode(file);
    for (std::size_t size = 0; size < file.size(); ++size) {
        try {
            const image::Image picture = image::decode(std::span(file).first(size));
            EXPECT_TRUE(same_pixels(picture, whole)) << "wrong pixels at " << size << " of " << file.size();
            EXPECT_GE(size + may_lack, file.size()) << "accepted at " << size << " of " << file.size();
        } catch (const Error &error) {
            EXPECT_TRUE(std::ranges::find(errors, error.code()) != errors.end()) << error.what();
        }
    }
}

/// Files in which some bytes were changed at random are errors or pictures.
inline void expect_no_crash(const std::vector<Bytes> &files, int rounds, unsigned seed) {
    std::mt19937 random(seed);
    for (int round = 0; round < rounds; ++round) {
        Bytes file = files[random() % files.size()];
        for (unsigned i = 0; i <= random() % 4; ++i)
            file[random() % file.size()] = static_cast<std::byte>(random() & 0xffU);
        for (const bool tolerate : {false, true}) {
            try {
                (void)image::decode(file, {.max_pixels = 1 << 20, .tolerate_damage = tolerate});
            } catch (const Error &error) {
                EXPECT_NE(error.code(), ErrorCode::internal) << error.what();
            }
        }
    }
}

/// A TIFF block whose first directory holds a make and an orientation.
inline Bytes exif_block(int orientation, bool big_endian) {
    Bytes block;
    const auto put = [&](std::uint32_t value, int size) {
        for (int i = 0; i < size; ++i) {
            const int shift = 8 * (big_endian ? size - 1 - i : i);
            block.push_back(static_cast<std::byte>(value >> shift & 0xffU));
        }
    };
    const char letter = big_endian ? 'M' : 'I';
    block = {static_cast<std::byte>(letter), static_cast<std::byte>(letter)};
    put(42, 2), put(8, 4), put(2, 2);
    put(0x010f, 2), put(2, 2), put(4, 4);
    for (const char each : {'a', 'b', 'c', '\0'}) block.push_back(static_cast<std::byte>(each));
    put(0x0112, 2), put(3, 2), put(1, 4), put(static_cast<std::uint32_t>(orientation), 2), put(0, 2);
    put(0, 4);
    return block;
}

/// A profile of one tag that libpng takes for valid.
inline Bytes rgb_profile() {
    Bytes icc(1024);
    const auto put = [&](std::size_t at, std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) icc[at + i] = static_cast<std::byte>(text[i]);
    };
    std::mt19937 random(9);
    for (std::size_t i = 160; i < icc.size(); ++i) icc[i] = static_cast<std::byte>(random() & 0xffU);
    icc[2] = std::byte{4}; // 1024 bytes
    icc[8] = std::byte{2};
    put(12, "mntrRGB XYZ "), put(36, "acsp");
    put(68, std::string_view("\0\0\xf6\xd6\0\1\0\0\0\0\xd3\x2d", 12));
    icc[131] = std::byte{1};
    put(132, "desc");
    icc[139] = std::byte{144};
    icc[142] = std::byte{3}, icc[143] = std::byte{112}; // 880 bytes
    return icc;
}

} // namespace mirra::test
