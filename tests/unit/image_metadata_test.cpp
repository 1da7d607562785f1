// Metadata: kept, made true, or left out with a note. Files are taken apart by the test itself and by
// libexif.
#include "image_file_parts.hpp"

#include <memory>

#include <libexif/exif-data.h>

namespace mirra::test {
namespace {

using image::Image;
using image::SampleType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kExif("Exif\0\0", 6);
const std::string kXmp("http://ns.adobe.com/xap/1.0/\0", 29);
const std::string kRdf = "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"";

/// Writes a TIFF block, entry by entry; values of more than four bytes lie behind the directory.
class Directory {
  public:
    void add(std::uint32_t tag, std::uint32_t type, std::uint32_t count, const std::string &value) {
        entries_.push_back({tag, type, count, value});
    }
    void add_short(std::uint32_t tag, std::uint32_t value) { add(tag, 3, 1, number_text(value, 2)); }
    void add_long(std::uint32_t tag, std::uint32_t value) { add(tag, 4, 1, number_text(value, 4)); }
    void add_rational(std::uint32_t tag, std::uint32_t value) {
        add(tag, 5, 1, number_text(value, 4) + number_text(1, 4));
    }
    [[nodiscard]] std::size_t size() const {
        std::size_t total = 6 + 12 * entries_.size();
        for (const Entry &entry : entries_) total += entry.value.size() > 4 ? entry.value.size() : 0;
        return total;
    }
    [[nodiscard]] std::string at(std::size_t offset, std::size_t next) const {
        std::string head = number_text(static_cast<std::uint32_t>(entries_.size()), 2);
        std::string values;
        const std::size_t behind = offset + 6 + 12 * entries_.size();
        for (const Entry &entry : entries_) {
            head += number_text(entry.tag, 2) + number_text(entry.type, 2) + number_text(entry.count, 4);
            if (entry.value.size() > 4) {
                head += number_text(static_cast<std::uint32_t>(behind + values.size()), 4);
                values += entry.value;
            } else {
                head += entry.value + std::string(4 - entry.value.size(), '\0');
            }
        }
        return head + number_text(static_cast<std::uint32_t>(next), 4) + values;
    }

  private:
    struct Entry {
        std::uint32_t tag, type, count;
        std::string value;
    };
    std::vector<Entry> entries_;
};

/// EXIF of a camera that was held upright: 160 x 240 as it is seen, 240 x 160 stored.
std::string camera_exif(int orientation, const std::string &thumbnail) {
    Directory photo;
    photo.add(0x9214, 3, 4,
              number_text(10, 2) + number_text(20, 2) + number_text(30, 2) + number_text(40, 2));
    photo.add_long(0xa002, 240);
    photo.add_short(0xa003, 160);
    Directory main;
    main.add(0x010f, 2, 8, std::string("TestCam\0", 8));
    main.add_short(0x0112, static_cast<std::uint32_t>(orientation));
    main.add_rational(0x011a, 300);
    main.add_rational(0x011b, 150);
    main.add_short(0x0128, 2);
    const std::size_t photo_at = 8 + main.size() + 12;
    main.add_long(0x8769, static_cast<std::uint32_t>(photo_at));
    const std::size_t small_at = photo_at + photo.size();
    Directory small;
    small.add_short(0x0103, 6);
    small.add_long(0x0201, static_cast<std::uint32_t>(small_at + 6 + 3 * 12));
    small.add_long(0x0202, static_cast<std::uint32_t>(thumbnail.size()));
    return std::string("MM\0*\0\0\0\x08", 8) + main.at(8, thumbnail.empty() ? 0 : small_at) +
           photo.at(photo_at, 0) + (thumbnail.empty() ? "" : small.at(small_at, 0) + thumbnail);
}

struct ExifDeleter {
    void operator()(ExifData *data) const noexcept { exif_data_unref(data); }
};

/// What libexif reads of a block.
class ReadExif {
  public:
    explicit ReadExif(const std::string &block) : data_(exif_data_new()) {
        exif_data_unset_option(data_.get(), EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
        const std::string whole = kExif + block;
        exif_data_load_data(data_.get(), reinterpret_cast<const unsigned char *>(whole.data()),
                            static_cast<unsigned>(whole.size()));
    }
    [[nodiscard]] std::string value(ExifIfd directory, int tag) const {
        ExifEntry *entry = exif_content_get_entry(data_->ifd[directory], static_cast<ExifTag>(tag));
        std::array<char, 1024> text{};
        return entry == nullptr ? "(none)" : exif_entry_get_value(entry, text.data(), text.size());
    }
    [[nodiscard]] Bytes thumbnail() const {
        const auto bytes = std::as_bytes(std::span(data_->data, data_->size));
        return {bytes.begin(), bytes.end()};
    }

  private:
    std::unique_ptr<ExifData, ExifDeleter> data_;
};

/// Left half dark, right half bright.
Image halves(int width, int height) {
    Image picture(width, height, 3, SampleType::u8);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c)
                *picture.view().at(c, x, y) = std::byte{x < width / 2 ? std::uint8_t{20} : std::uint8_t{220}};
    return picture;
}

int sample_at(const Image &picture, int x, int y) {
    return std::to_integer<int>(*picture.view().at(0, x, y));
}

TEST(Metadata, ATurnedPictureStatesItsSizeAndShowsItselfInItsThumbnail) {
    const std::string old = as_string(image::encode(random_image(160, 107, 3, SampleType::u8), "jpeg"));
    const std::string xmp = "<rdf:RDF " + kRdf +
                            " xmlns:exif=\"http://ns.adobe.com/exif/1.0/\"><rdf:Description rdf:about=\"\" "
                            "exif:PixelYDimension=\"160\"><exif:PixelXDimension>240</exif:PixelXDimension>"
                            "</rdf:Description></rdf:RDF>";
    const Bytes file = with_segments(image::encode(halves(240, 160), "jpeg"),
                                     segment(0xe1, kExif + camera_exif(6, old)) + segment(0xe1, kXmp + xmp));
    const Image upright = image::decode(file);
    ASSERT_EQ(upright.width(), 160);
    for (const char *format : {"jpeg", "png"}) {
        const Bytes written = image::encode(upright, format);
        const bool jpeg = format == std::string("jpeg");
        const std::string block =
            jpeg ? segments_of(written).find(0xe1)->second.substr(6) : chunk_of(written, "eXIf");
        const ReadExif exif(block);
        EXPECT_EQ(exif.value(EXIF_IFD_0, 0x0112), "Top-left");
        EXPECT_EQ(exif.value(EXIF_IFD_0, 0x010f), "TestCam");
        EXPECT_EQ(exif.value(EXIF_IFD_0, 0x011a), "150") << "the resolutions change places";
        EXPECT_EQ(exif.value(EXIF_IFD_0, 0x011b), "300");
        EXPECT_EQ(exif.value(EXIF_IFD_EXIF, 0xa002), "160");
        EXPECT_EQ(exif.value(EXIF_IFD_EXIF, 0xa003), "240");
        EXPECT_THAT(exif.value(EXIF_IFD_EXIF, 0x9214), HasSubstr("(x,y) = (139,10)"));
        const Image thumbnail = image::decode(exif.thumbnail());
        EXPECT_EQ(thumbnail.width(), 107);
        EXPECT_EQ(thumbnail.height(), 160);
        EXPECT_LT(sample_at(thumbnail, 50, 20), 60) << "dark above";
        EXPECT_GT(sample_at(thumbnail, 50, 140), 180);
        EXPECT_THAT(as_string(written), Not(HasSubstr(old.substr(600, 100)))) << "the old one is gone";
        EXPECT_THAT(as_string(written), HasSubstr("exif:PixelYDimension=\"240\""));
        EXPECT_THAT(as_string(written), HasSubstr("<exif:PixelXDimension>160<"));
    }
}

TEST(Metadata, AnotherPicturesThumbnailIsItsOwn) {
    const std::string old = as_string(image::encode(random_image(16, 16, 3, SampleType::u8), "jpeg"));
    Image picture = halves(640, 480);
    picture.metadata.exif = to_bytes(camera_exif(1, old));
    const Bytes written = image::encode(picture, "png");
    const Image thumbnail = image::decode(ReadExif(chunk_of(written, "eXIf")).thumbnail());
    EXPECT_EQ(thumbnail.width(), 160);
    EXPECT_LT(sample_at(thumbnail, 20, 50), 60);
    EXPECT_GT(sample_at(thumbnail, 140, 50), 180);
}

TEST(Metadata, ALargeBlockTurnsThePictureAndIsNamedWhereItDoesNotFit) {
    Directory main;
    main.add(0x010f, 2, 8, std::string("TestCam\0", 8));
    main.add_short(0x0112, 6);
    Directory photo;
    photo.add(0x927c, 7, 90000, std::string(90000, 'M'));
    photo.add(0x9286, 7, 20, std::string("ASCII\0\0\0twelve bytes", 20));
    const std::size_t photo_at = 8 + main.size() + 12;
    main.add_long(0x8769, static_cast<std::uint32_t>(photo_at));
    const std::string block = std::string("MM\0*\0\0\0\x08", 8) + main.at(8, 0) + photo.at(photo_at, 0);
    const Bytes file = with_chunks(image::encode(halves(24, 16), "png"), chunk("eXIf", block));
    const Image upright = image::decode(file);
    ASSERT_EQ(upright.width(), 16);
    const std::string png = chunk_of(image::encode(upright, "png"), "eXIf");
    EXPECT_EQ(png.size(), block.size()) << "a PNG holds all of it";
    std::vector<std::string> notes;
    const Bytes jpeg = image::encode(upright, "jpeg", {.notes = &notes});
    EXPECT_THAT(notes, ElementsAre(testing::AllOf(HasSubstr("maker's notes"), HasSubstr("90000 bytes"))));
    const ReadExif exif(segments_of(jpeg).find(0xe1)->second.substr(6));
    EXPECT_EQ(exif.value(EXIF_IFD_0, 0x010f), "TestCam");
    EXPECT_EQ(exif.value(EXIF_IFD_0, 0x0112), "Top-left");
    EXPECT_EQ(exif.value(EXIF_IFD_EXIF, 0x9286), "twelve bytes");
    EXPECT_EQ(exif.value(EXIF_IFD_EXIF, 0x927c), "(none)");
}

const std::string kGainMap =
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF " + kRdf +
    "><rdf:Description rdf:about=\"\" xmlns:Con=\"http://ns.google.com/photos/1.0/container/\" "
    "xmlns:Item=\"http://ns.google.com/photos/1.0/container/item/\" "
    "xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\" "
    "xmlns:dc=\"http://purl.org/dc/elements/1.1/\" hdrgm:Version=\"1.0\" dc:format=\"image/jpeg\">"
    "<Con:Directory><rdf:Seq><rdf:li rdf:parseType=\"Resource\"><Con:Item Item:Semantic=\"GainMap\" "
    "Item:Length=\"861\"/></rdf:li></rdf:Seq></Con:Directory></rdf:Description></rdf:RDF></x:xmpmeta>";

TEST(Metadata, AGainMapThatIsGoneIsNotAnnounced) {
    const Bytes gain = image::encode(smooth_image(16, 16, 1), "jpeg");
    const std::string mpf = std::string("MPF\0MM\0*\0\0\0\x08\0\1\xb0\1\0\4\0\0\0\1\0\0\0\2\0\0\0\0", 30);
    Bytes file = with_segments(image::encode(smooth_image(16, 16, 3), "jpeg"),
                               segment(0xe2, mpf) + segment(0xe1, kXmp + kGainMap));
    file.insert(file.end(), gain.begin(), gain.end());
    const Image picture = image::decode(file);
    EXPECT_THAT(picture.metadata.notes, testing::Contains(HasSubstr("second picture")));
    for (const char *format : {"jpeg", "png"}) {
        const std::string written = as_string(image::encode(picture, format));
        for (const char *gone : {"hdrgm", "hdr-gain-map", "GainMap", "container", "MPF"})
            EXPECT_THAT(written, Not(HasSubstr(gone))) << format;
        EXPECT_THAT(written, HasSubstr("dc:format=\"image/jpeg\"")) << "the rest of the packet stays";
    }
}

TEST(Metadata, AMotionPhotosVideoIsNotAnnounced) {
    const std::string xmp =
        "<rdf:RDF " + kRdf +
        "><rdf:Description rdf:about=\"\" xmlns:G=\"http://ns.google.com/photos/1.0/camera/\" "
        "G:MotionPhoto=\"1\" G:MicroVideoOffset=\"4000\" G:BurstID=\"b\"/></rdf:RDF>";
    Bytes file = with_segments(image::encode(smooth_image(16, 16, 3), "jpeg"), segment(0xe1, kXmp + xmp));
    file.resize(file.size() + 4000, std::byte{7});
    const Image picture = image::decode(file);
    EXPECT_THAT(picture.metadata.notes,
                ElementsAre(HasSubstr("4000 bytes behind"), HasSubstr("motion photo")));
    const std::string written = as_string(image::encode(picture, "jpeg"));
    EXPECT_THAT(written, Not(HasSubstr("MotionPhoto")));
    EXPECT_THAT(written, Not(HasSubstr("MicroVideo")));
    EXPECT_THAT(written, HasSubstr("G:BurstID=\"b\""));
}

TEST(Metadata, RegionsThatWereMarkedDoNotOutliveATurn) {
    const std::string xmp =
        "<rdf:RDF " + kRdf +
        "><rdf:Description rdf:about=\"\" "
        "xmlns:mwg-rs=\"http://www.metadataworkinggroup.com/schemas/regions/\" "
        "xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:source=\"s\"><mwg-rs:Regions><mwg-rs:RegionList/>"
        "</mwg-rs:Regions></rdf:Description></rdf:RDF>";
    for (const int orientation : {1, 3}) {
        Image picture = smooth_image(16, 16, 3);
        picture.metadata.exif = exif_block(orientation, true);
        picture.metadata.xmp = to_bytes(xmp);
        const Image back = image::decode(image::encode(picture, "jpeg"));
        EXPECT_EQ(as_string(back.metadata.xmp).find("RegionList") != std::string::npos, orientation == 1);
        EXPECT_EQ(back.metadata.notes.size(), orientation == 1 ? 0U : 1U);
        EXPECT_THAT(as_string(back.metadata.xmp), HasSubstr("dc:source"));
    }
}

TEST(Metadata, ExtendedXmpIsOnePacketAndTwoAgain) {
    std::string large = "<rdf:RDF " + kRdf + "><rdf:Description rdf:about=\"\" xmlns:n=\"urn:n\">";
    large += "<n:small>little</n:small><n:large>" + std::string(200000, 'L') +
             "</n:large></rdf:Description></rdf:RDF>";
    Image picture = smooth_image(16, 16, 3);
    picture.metadata.xmp = to_bytes(large);
    const Bytes written = image::encode(picture, "jpeg");
    const auto segments = segments_of(written);
    EXPECT_EQ(segments.count(0xe1), 5U) << "a packet and four parts of its extension";
    const std::string packet = segments.find(0xe1)->second;
    EXPECT_THAT(packet, HasSubstr("n:small"));
    const std::size_t at = packet.find("HasExtendedXMP=\"");
    ASSERT_NE(at, std::string::npos);
    const std::string guid = packet.substr(at + 16, 32);
    std::string extension;
    for (auto [each, end] = segments.equal_range(0xe1); each != end; ++each) {
        if (each->second.starts_with(kXmp)) continue;
        EXPECT_EQ(each->second.substr(35, 32), guid);
        EXPECT_EQ(number_at(each->second, 71, 4), extension.size());
        extension += each->second.substr(75);
    }
    EXPECT_THAT(extension, HasSubstr(std::string(200000, 'L')));
    const Image back = image::decode(written);
    EXPECT_THAT(as_string(back.metadata.xmp), HasSubstr(std::string(200000, 'L')));
    EXPECT_THAT(as_string(back.metadata.xmp), HasSubstr("little"));
    EXPECT_THAT(as_string(back.metadata.xmp), Not(HasSubstr("HasExtendedXMP")));
    EXPECT_THAT(back.metadata.notes, IsEmpty());
    EXPECT_THAT(chunk_of(image::encode(back, "png"), "iTXt"), HasSubstr(std::string(200000, 'L')));
}

TEST(Metadata, DamagedXmpIsLeftOutWithANote) {
    const Bytes file =
        with_segments(image::encode(smooth_image(16, 16, 3), "jpeg"), segment(0xe1, kXmp + "<a><b></a>"));
    const Image picture = image::decode(file);
    EXPECT_TRUE(picture.metadata.xmp.empty());
    EXPECT_THAT(picture.metadata.notes, ElementsAre(HasSubstr("XMP")));
}

/// IPTC as Photoshop keeps it, beside a preview and the resolution.
std::string photoshop_resources() {
    const auto resource = [](unsigned id, const std::string &data) {
        return "8BIM" + number_text(id, 2) + std::string(2, '\0') +
               number_text(static_cast<std::uint32_t>(data.size()), 4) + data +
               (data.size() % 2 != 0 ? std::string(1, '\0') : "");
    };
    return resource(0x03ed, std::string(16, 'r')) + resource(0x0404, std::string("\x1c\2x\0\7Caption", 12)) +
           resource(0x040c, std::string(64, 'p')) + resource(0x07d0, "path");
}

TEST(Metadata, IptcGoesFromJpegToPngAndBack) {
    const Bytes file =
        with_segments(image::encode(smooth_image(16, 16, 3), "jpeg"),
                      segment(0xed, std::string("Photoshop 3.0\0", 14) + photoshop_resources()));
    const Image picture = image::decode(file);
    const auto expect_kept = [](const std::string &resources) {
        EXPECT_THAT(resources, HasSubstr(std::string("8BIM\4\4\0\0\0\0\0\x0c\x1c\2x\0\7Caption", 24)));
        EXPECT_THAT(resources, HasSubstr("path"));
        EXPECT_THAT(resources, Not(HasSubstr("pppp"))) << "the preview is of another picture";
    };
    expect_kept(segments_of(image::encode(picture, "jpeg")).find(0xed)->second);
    const Bytes png = image::encode(picture, "png");
    EXPECT_THAT(chunk_of(png, "tEXt"),
                testing::StartsWith(std::string("Raw profile type iptc\0\niptc\n", 28)));
    const Image back = image::decode(png);
    EXPECT_THAT(back.metadata.texts, IsEmpty());
    expect_kept(as_string(back.metadata.photoshop));
    expect_kept(segments_of(image::encode(back, "jpeg")).find(0xed)->second);
}

TEST(Metadata, RawProfilesOfOldPngsAreReadAsWhatTheyAre) {
    const auto raw = [](const std::string &kind, const std::string &data) {
        std::string text = "\n" + kind + "\n      " + std::to_string(data.size());
        for (std::size_t i = 0; i < data.size(); ++i) {
            if (i % 36 == 0) text += '\n';
            std::array<char, 3> digits{};
            std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned char>(data[i]));
            text += digits.data();
        }
        return chunk("zTXt", "Raw profile type " + kind + std::string(2, '\0') + packed(text + "\n"));
    };
    const Bytes png = with_chunks(image::encode(halves(24, 16), "png"),
                                  raw("exif", kExif + as_string(exif_block(6, true))) + raw("xmp", "<a/>"));
    const Image picture = image::decode(png);
    EXPECT_EQ(picture.width(), 16) << "its orientation counts";
    EXPECT_EQ(picture.metadata.exif, exif_block(1, true));
    EXPECT_EQ(picture.metadata.xmp, to_bytes("<a/>"));
    EXPECT_THAT(picture.metadata.texts, IsEmpty());
    EXPECT_EQ(chunk_of(image::encode(picture, "png"), "eXIf"), as_string(exif_block(1, true)));
}

// Some programs write the header twice, or into a PNG: else the picture would turn when it is written again.
TEST(Metadata, AnExifBlockBehindSeveralHeadersMeansTheSameInEveryFormat) {
    const std::string block = kExif + kExif + as_string(exif_block(6, true));
    const image::Image stored = smooth_image(9, 5, 3);
    for (const Bytes &file : {with_segments(image::encode(stored, "jpeg"), segment(0xe1, kExif + block)),
                              with_chunks(image::encode(stored, "png"), chunk("eXIf", block))}) {
        const Image picture = image::decode(file);
        EXPECT_EQ(picture.width(), 5);
        for (const char *format : {"png", "jpeg"})
            EXPECT_EQ(image::decode(image::encode(picture, format)).width(), 5) << format;
    }
}

TEST(Metadata, TextsOfAPngStayWhatTheyAre) {
    const std::string nul(1, '\0');
    const std::string long_text(5000, 'w');
    const Bytes png =
        with_chunks(image::encode(smooth_image(2, 2, 3), "png"),
                    chunk("tEXt", "parameters" + nul + "a tree\nSteps: 40") +
                        chunk("zTXt", "workflow" + nul + nul + packed(long_text)) +
                        chunk("tEXt", "Author" + nul + "J\xfcrgen") +
                        chunk("iTXt", "Title" + nul + nul + nul + "de" + nul + "Titel" + nul +
                                          "Hafen \xe2\x80\x93 fr\xc3\xbch") +
                        chunk("tEXt", "Comment" + nul + "one") + chunk("tEXt", "Comment" + nul + "two"));
    const Image picture = image::decode(png);
    const Bytes written = image::encode(picture, "png");
    std::map<std::string, std::vector<std::string>> texts;
    for (const auto &[type, data] : chunks_of(written)) texts[type].push_back(data);
    EXPECT_THAT(texts["tEXt"],
                ElementsAre("parameters" + nul + "a tree\nSteps: 40", "Author" + nul + "J\xfcrgen",
                            "Comment" + nul + "one", "Comment" + nul + "two"));
    EXPECT_THAT(texts["iTXt"], ElementsAre("Title" + nul + nul + nul + "de" + nul + "Titel" + nul +
                                           "Hafen \xe2\x80\x93 fr\xc3\xbch"));
    EXPECT_EQ(texts["zTXt"].size(), 1U);
    EXPECT_EQ(image::decode(written).metadata.texts[1].text, long_text);
}

TEST(Metadata, TextsOfAPngGoIntoAJpeg) {
    Image picture = smooth_image(16, 16, 3);
    picture.metadata.texts = {{"Title", "Hafen"},       {"Author", "A. & B."}, {"Copyright", "(c)"},
                              {"Description", "descr"}, {"Comment", "kept?"},  {"Comment", "and this"},
                              {"parameters", "a tree"}};
    const Bytes written = image::encode(picture, "jpeg");
    const auto segments = segments_of(written);
    const std::string xmp = segments.find(0xe1)->second;
    EXPECT_THAT(xmp, HasSubstr("<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">Hafen</rdf:li>"));
    EXPECT_THAT(xmp, HasSubstr("<dc:creator><rdf:Seq><rdf:li>A. &amp; B.</rdf:li>"));
    EXPECT_THAT(xmp, HasSubstr("<dc:rights><rdf:Alt><rdf:li xml:lang=\"x-default\">(c)</rdf:li>"));
    EXPECT_THAT(xmp, HasSubstr("<dc:description>"));
    std::vector<std::string> comments;
    for (auto [at, end] = segments.equal_range(0xfe); at != end; ++at) comments.push_back(at->second);
    EXPECT_THAT(comments, ElementsAre("kept?", "and this", "parameters: a tree"));
    const Image back = image::decode(written);
    EXPECT_EQ(back.metadata.texts.size(), 3U);
    EXPECT_EQ(segments_of(image::encode(back, "jpeg")).find(0xe1)->second, xmp) << "once, however often";
}

TEST(Metadata, ResolutionsComeFromWhereverTheyAre) {
    Image picture = smooth_image(16, 16, 3);
    picture.metadata.exif = to_bytes(camera_exif(1, ""));
    const Image back = image::decode(image::encode(picture, "png"));
    ASSERT_TRUE(back.metadata.density) << "of EXIF alone";
    const std::string jfif = segments_of(image::encode(back, "jpeg")).find(0xe0)->second;
    EXPECT_EQ(jfif.substr(7, 5), std::string("\1\1\x2c\0\x96", 5)) << "300 by 150 dpi";
    EXPECT_EQ(chunk_of(image::encode(back, "png"), "pHYs"),
              number_text(11811, 4) + number_text(5906, 4) + '\1');
}

TEST(Metadata, TheShapeOfPixelsIsKept) {
    Image picture = smooth_image(16, 16, 3);
    picture.metadata.density = image::Density{4, 3, false};
    const Bytes jpeg = image::encode(picture, "jpeg");
    EXPECT_EQ(segments_of(jpeg).find(0xe0)->second.substr(7, 5), std::string("\0\0\4\0\3", 5));
    const Bytes png = image::encode(image::decode(jpeg), "png");
    EXPECT_EQ(chunk_of(png, "pHYs"), number_text(4, 4) + number_text(3, 4) + std::string(1, '\0'));
    EXPECT_FALSE(image::decode(png).metadata.density->has_unit);
    picture.metadata.density = image::Density{10000, 10000};
    EXPECT_EQ(segments_of(image::encode(picture, "jpeg")).find(0xe0)->second.substr(7, 5),
              std::string("\1\0\xfe\0\xfe", 5))
        << "254 dpi";
    picture.metadata.density = image::Density{11800, 11800};
    EXPECT_EQ(segments_of(image::encode(picture, "jpeg")).find(0xe0)->second.substr(7, 5),
              std::string("\2\0\x76\0\x76", 5))
        << "118 per centimetre";
}

TEST(Metadata, ProfilesComeInAnyOrderAndWhole) {
    const std::string head("ICC_PROFILE\0", 12);
    const std::string first(200, 'a');
    const std::string second(200, 'b');
    const Bytes jpeg = image::encode(smooth_image(16, 16, 3), "jpeg");
    const Image back = image::decode(
        with_segments(jpeg, segment(0xe2, head + "\2\2" + second) + segment(0xe2, head + "\1\2" + first)));
    EXPECT_EQ(as_string(back.metadata.icc), first + second);
    const Image half = image::decode(with_segments(jpeg, segment(0xe2, head + "\2\2" + second)));
    EXPECT_TRUE(half.metadata.icc.empty());
    EXPECT_THAT(half.metadata.notes, ElementsAre(HasSubstr("profile")));
}

TEST(Metadata, WhatIsOfTheFileAloneIsLeftOutWithANote) {
    const Image png = image::decode(
        with_chunks(image::encode(smooth_image(2, 2, 3), "png"),
                    chunk("caBX", "jumb") + chunk("acTL", number_text(3, 4) + number_text(0, 4))));
    EXPECT_THAT(png.metadata.notes, ElementsAre(HasSubstr("C2PA"), HasSubstr("animated")));
    const Image jpeg =
        image::decode(with_segments(image::encode(smooth_image(8, 8, 3), "jpeg"), segment(0xeb, "JP....")));
    EXPECT_THAT(jpeg.metadata.notes, ElementsAre(HasSubstr("C2PA")));
}

} // namespace
} // namespace mirra::test
