// What a file may cost: bytes and seconds, measured in a process of its own.
#include "cost.hpp"
#include "image_file_parts.hpp"
#include "shared_data.hpp"

namespace mirra::test {
namespace {

constexpr std::uint64_t kMebibyte = 1U << 20;
constexpr double kMostSeconds = 20;

Cost cost_of_decoding(const Bytes &file, const image::DecodeOptions &options) {
    return cost_of([&] { (void)image::decode(file, options); });
}

/// Pixels that the header states, read here; 0 where it cannot be found.
std::uint64_t stated_pixels(const std::string &file) {
    if (file.starts_with("\x89PNG") && file.size() > 24)
        return std::uint64_t{number_at(file, 16, 4)} * number_at(file, 20, 4);
    for (std::size_t at = 2; at + 9 < file.size(); ++at) {
        const auto marker = static_cast<unsigned char>(file[at + 1]);
        const bool frame =
            marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
        if (file[at] == '\xff' && frame)
            return std::uint64_t{number_at(file, at + 5, 2)} * number_at(file, at + 7, 2);
    }
    return 0;
}

/// What docs/reference/picture-files.md promises: 64 MiB, four times the file, and of pixels within the
/// limit twice 8 bytes.
std::uint64_t promised(const Bytes &file, const image::DecodeOptions &options) {
    const std::uint64_t pixels = stated_pixels(as_string(file));
    return 64 * kMebibyte + 4 * file.size() + (pixels <= options.max_pixels ? 16 * pixels : 0) + kToolBytes;
}

Cost expect_promise(const Bytes &file, const std::string &name, const image::DecodeOptions &options = {}) {
    const Cost cost = cost_of_decoding(file, options);
    EXPECT_LE(cost.bytes, promised(file, options)) << name << " of " << file.size() << " bytes";
    EXPECT_LE(cost.seconds, kMostSeconds) << name;
    EXPECT_NE(cost.code, code(ErrorCode::out_of_memory)) << name;
    return cost;
}

Bytes tiny_png() {
    return image::encode(random_image(1, 1, 1, image::SampleType::u8), "png");
}

TEST(PictureMemory, AChunkThatAnnounces2GiBTakesNothing) {
    for (const std::string type :
         {"zTXt", "iTXt", "tEXt", "iCCP", "eXIf", "sPLT", "abCd", "IDAT", "PLTE", "tRNS"}) {
        const std::string file = as_string(tiny_png()).substr(0, 33) + number_text(0x7fffffff, 4) + type +
                                 std::string("Comment\0\0", 9);
        const Cost cost = expect_promise(to_bytes(file), type);
        EXPECT_EQ(cost.code, code(ErrorCode::corrupt)) << type;
        EXPECT_LE(cost.bytes, 4 * kMebibyte + kToolBytes) << type;
    }
}

TEST(PictureMemory, CompressedMetadataUnpackWithinABound) {
    const std::string bomb = packed(std::string(3900000, 'a'));
    std::string texts;
    std::string international;
    for (int i = 0; i < 64; ++i) {
        texts += chunk("zTXt", std::string("Comment\0\0", 9) + bomb);
        international += chunk("iTXt", std::string("Title\0\1\0de\0\0", 12) + bomb);
    }
    const std::string large = packed(std::string(100 << 20, 'b'));
    const std::string profiles = chunk("iCCP", std::string("p\0\0", 3) + large);
    EXPECT_EQ(0, expect_promise(with_chunks(tiny_png(), texts), "texts").code);
    EXPECT_EQ(0, expect_promise(with_chunks(tiny_png(), international), "international texts").code);
    EXPECT_EQ(0, expect_promise(with_chunks(tiny_png(), profiles + profiles), "profiles").code);
    const std::string many = chunk("tEXt", std::string("a\0", 2));
    std::string all;
    for (int i = 0; i < 500000; ++i) all += many;
    EXPECT_EQ(0, expect_promise(with_chunks(tiny_png(), all), "half a million texts").code);
}

TEST(PictureMemory, SegmentsOfAJpegAreNotHeld) {
    const Bytes jpeg = image::encode(smooth_image(8, 8, 3), "jpeg");
    for (const std::string &each :
         {segment(0xfe, ""), segment(0xfe, "x"), segment(0xe2, std::string("ICC_PROFILE\0\1\1", 14)),
          segment(0xe1, std::string("Exif\0\0", 6)), segment(0xed, std::string("Photoshop 3.0\0", 14)),
          segment(0xe1, std::string("http://ns.adobe.com/xmp/extension/\0", 35) + std::string(40, 'A'))}) {
        std::string all;
        while (all.size() < 20 * kMebibyte) all += each;
        EXPECT_EQ(0, expect_promise(with_segments(jpeg, all), each.substr(2)).code);
    }
}

TEST(PictureMemory, DeepAndManyFoldXmpIsLeftOut) {
    std::string deep;
    for (int i = 0; i < 300000; ++i) deep += "<a>";
    std::string wide = "<r:RDF xmlns:r=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">";
    for (int i = 0; i < 1000000; ++i) wide += "<a/>";
    std::string names = wide.substr(0, 62) + "<r:Description";
    for (int i = 0; i < 200000; ++i) names += " xmlns:a" + std::to_string(i) + "=\"b\"";
    for (const std::string &xmp : {deep, wide + "</r:RDF>", names + "/></r:RDF>"}) {
        const std::string body = std::string("XML:com.adobe.xmp\0\0\0\0\0", 22) + xmp;
        EXPECT_EQ(0, expect_promise(with_chunks(tiny_png(), chunk("iTXt", body)), xmp.substr(0, 80)).code);
    }
}

TEST(PictureMemory, RowsAndColumnsCostNoMoreThanPixels) {
    const auto sized = [](std::uint32_t width, std::uint32_t height, int depth, int color, bool interlaced) {
        return to_bytes("\x89PNG\r\n\x1a\n" +
                        chunk("IHDR", number_text(width, 4) + number_text(height, 4) +
                                          static_cast<char>(depth) + static_cast<char>(color) +
                                          std::string(2, '\0') + (interlaced ? '\1' : '\0')) +
                        chunk("IDAT", packed(std::string(40 << 20, '\0'))) + chunk("IEND", ""));
    };
    for (const bool interlaced : {false, true}) {
        expect_promise(sized(1, 1 << 24, 8, 0, interlaced), "a column");
        expect_promise(sized(1 << 20, 4, 16, 6, interlaced), "a row");
        EXPECT_EQ(code(ErrorCode::limit),
                  expect_promise(sized(1 << 24, 1, 16, 6, interlaced), "a wide row").code);
    }
}

/// TIFF, WebP and JPEG XL as this build has them, turned as well, which takes a second picture.
TEST(PictureMemory, HoldsForEveryFormatThatIsWritten) {
    constexpr int kWidth = 3000, kHeight = 2000;
    for (const auto sample : {image::SampleType::u8, image::SampleType::u16, image::SampleType::f32})
        for (const image::Codec &codec : image::codecs()) {
            image::Image made(kWidth, kHeight, codec.name == "jpeg" ? 3 : 4, sample);
            made.metadata.exif = exif_block(6, false);
            const Bytes file = image::encode(made, codec.name, {.jpeg_quality = 100});
            const Cost cost = cost_of_decoding(file, {});
            const bool real = codec.widest_bits == 32 && sample == image::SampleType::f32;
            const std::uint64_t each = codec.name == "jxl" ? 96 : real ? 32 : 16;
            EXPECT_EQ(cost.code, 0) << codec.name;
            EXPECT_LE(cost.bytes, 64 * kMebibyte + 4 * file.size() + each * kWidth * kHeight + kToolBytes)
                << codec.name << " of " << image::sample_bytes(sample) << " bytes a sample";
        }
}

/// The promise over several hundred odd and broken files, where the checkout has them beside it.
TEST(PictureMemory, HoldsOverTheTortureSet) {
    const auto folder = shared_data() / "images-torture";
    if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no data set at " << folder;
    Cost most;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file() || entry.path().extension() == ".tsv") continue;
        const Bytes file = to_bytes(slurp(entry.path()));
        const Cost cost = expect_promise(file, entry.path().filename().string());
        most.bytes = std::max(most.bytes, cost.bytes);
        most.seconds = std::max(most.seconds, cost.seconds);
    }
    RecordProperty("most_bytes", std::to_string(most.bytes));
    RecordProperty("most_seconds", std::to_string(most.seconds));
}

} // namespace
} // namespace mirra::test
