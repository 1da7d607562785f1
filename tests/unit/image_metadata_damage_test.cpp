// Damaged metadata: whatever is read of them can be written again, and what is written reads without loss.
#include "image_file_parts.hpp"

namespace mirra::test {
namespace {

using image::Image;

const std::string kRdf = "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"";

/// A block with a directory behind the first, where a thumbnail is.
Bytes exif_with_thumbnail() {
    Bytes block = exif_block(6, true);
    const Bytes small = image::encode(smooth_image(8, 8, 3), "jpeg");
    const auto behind = static_cast<std::uint32_t>(block.size());
    const std::string next = number_text(behind, 4);
    for (std::size_t i = 0; i < 4; ++i) block[34 + i] = static_cast<std::byte>(next[i]);
    const std::string directory =
        number_text(3, 2) + number_text(0x0103, 2) + number_text(3, 2) + number_text(1, 4) +
        number_text(6, 2) + number_text(0, 2) + number_text(0x0201, 2) + number_text(4, 2) +
        number_text(1, 4) + number_text(behind + 42, 4) + number_text(0x0202, 2) + number_text(4, 2) +
        number_text(1, 4) + number_text(static_cast<std::uint32_t>(small.size()), 4) + number_text(0, 4);
    const Bytes tail = to_bytes(directory + as_string(small));
    block.insert(block.end(), tail.begin(), tail.end());
    return block;
}

/// A picture with some of everything, the XMP longer than a segment.
Image laden_picture() {
    Image picture = smooth_image(12, 10, 3);
    picture.metadata.icc = rgb_profile();
    picture.metadata.exif = exif_with_thumbnail();
    picture.metadata.xmp = to_bytes(
        "<rdf:RDF " + kRdf +
        "><rdf:Description rdf:about=\"\" xmlns:t=\"http://ns.adobe.com/tiff/1.0/\" t:Orientation=\"6\" "
        "xmlns:n=\"urn:n\"><n:a>" +
        std::string(70000, 'x') + "</n:a><t:ImageWidth>12</t:ImageWidth></rdf:Description></rdf:RDF>");
    picture.metadata.photoshop = to_bytes("8BIM" + number_text(0x0404, 2) + number_text(0, 2) +
                                          number_text(12, 4) + std::string("\x1c\2x\0\7Caption", 12));
    picture.metadata.texts = {{"Title", "a"}, {"Comment", "b", "de", "c"}, {"Long", std::string(3000, 'd')}};
    picture.metadata.density = image::Density{4, 3, false};
    picture.metadata.color.cicp = {12, 13, 0, 1};
    picture.metadata.color.gamma = 45455;
    return picture;
}

/// Gives a PNG's chunks true sums again, so that damage reaches what lies in them.
void mend_sums(Bytes &png) {
    std::string file = as_string(png);
    for (std::size_t at = 8; at + 12 <= file.size();) {
        const std::size_t length = number_at(file, at, 4);
        if (length > file.size() - at - 12) return;
        const std::string whole = chunk(file.substr(at + 4, 4), file.substr(at + 8, length));
        std::memcpy(png.data() + at, whole.data(), whole.size());
        at += whole.size();
    }
}

TEST(MetadataDamage, WhatIsReadCanBeWrittenAndReadAgain) {
    const Image laden = laden_picture();
    std::mt19937 random(21);
    int read = 0;
    for (const char *format : {"png", "jpeg"}) {
        const Bytes whole = image::encode(laden, format);
        for (int i = 0; i < 400; ++i) {
            Bytes damaged = whole;
            for (unsigned k = 0; k < 1 + random() % 6; ++k) {
                std::byte &place = damaged[random() % damaged.size()];
                place = random() % 2 == 0 ? place ^ static_cast<std::byte>(1U << random() % 8)
                                          : static_cast<std::byte>(random() & 0xffU);
            }
            if (format == std::string("png")) mend_sums(damaged);
            Image picture;
            if (error_of([&] {
                    picture = image::decode(damaged, {.max_pixels = 1 << 16, .tolerate_damage = true});
                }) != 0)
                continue;
            ++read;
            for (const char *to : {"png", "jpeg"}) {
                const Image again = image::decode(image::encode(picture, to));
                EXPECT_EQ(again.width(), picture.width()) << "turned once";
                EXPECT_EQ(again.metadata.notes, std::vector<std::string>()) << "nothing is lost twice";
            }
        }
    }
    EXPECT_GT(read, 300);
}

} // namespace
} // namespace mirra::test
