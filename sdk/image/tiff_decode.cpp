// TIFF to pixels, through libtiff.
#include "codec.hpp"
#include "foreign.hpp"
#include "notes.hpp"
#include "profile.hpp"
#include "samples.hpp"
#include "straight_alpha.hpp"
#include "tiff_metadata.hpp"

#include <algorithm>
#include <cstring>

namespace mirra::image::detail {
namespace {

constexpr int kMostDirectories = 32; // each may take what the whole file takes
constexpr std::uint16_t kColorFilterArray = 32803, kLinearRaw = 34892;
constexpr std::uint32_t kDngVersion = 50706;
/// What a byte may expand to: of LZW and Deflate by their nature, of others in a picture of one colour.
constexpr std::uint64_t kExpansion = 4096, kWideExpansion = 1U << 17;
/// What is read at once may be larger than the picture by this, since small pictures have tiles as well.
constexpr std::uint64_t kSpareBytes = 32U << 20;

/// How a file stores its samples.
struct Storage {
    std::uint32_t width = 0, height = 0;
    std::uint16_t bits = 0, format = 0, samples = 0, photometric = 0, planar = 0, compression = 0;
    std::uint16_t colors = 0; ///< colour samples of a pixel
    bool alpha = false;       ///< the sample behind the colours is alpha
    bool premultiplied = false;

    [[nodiscard]] bool separate() const noexcept { return planar == PLANARCONFIG_SEPARATE && samples > 1; }
    [[nodiscard]] bool is_palette() const noexcept { return photometric == PHOTOMETRIC_PALETTE; }
    [[nodiscard]] bool is_ink() const noexcept { return photometric == PHOTOMETRIC_SEPARATED; }
    [[nodiscard]] bool is_lab() const noexcept {
        return photometric == PHOTOMETRIC_CIELAB || photometric == PHOTOMETRIC_ICCLAB;
    }
    [[nodiscard]] std::uint64_t expansion() const noexcept {
        const bool narrow = compression == COMPRESSION_NONE || compression == COMPRESSION_LZW ||
                            compression == COMPRESSION_PACKBITS || compression == COMPRESSION_DEFLATE ||
                            compression == COMPRESSION_ADOBE_DEFLATE;
        return narrow ? kExpansion : kWideExpansion;
    }
    [[nodiscard]] std::uint64_t row_bytes(std::uint64_t pixels) const noexcept {
        return (pixels * bits * (separate() ? 1U : samples) + 7) / 8;
    }
    [[nodiscard]] int kept() const noexcept { return colors + (alpha ? 1 : 0); }
};

[[noreturn]] void refuse(const std::string &what) {
    throw Error(ErrorCode::unsupported, "this kind of TIFF is not supported: " + what, {},
                "convert it to a TIFF of gray or RGB, or to PNG");
}

[[noreturn]] void refuse_raw() {
    throw Error(ErrorCode::unsupported, "the file is a raw file of a camera, not a developed picture", {},
                std::string(kDevelopHint));
}

class TiffReader {
  public:
    TiffReader(ByteSpan bytes, const DecodeOptions &options)
        : bytes_(bytes)
        , options_(options)
        , file_(bytes) {}
    Image decode();

  private:
    void choose_directory();
    void read_storage();
    void read_extra_samples();
    void check_storage() const;
    void check_inks(bool real) const;
    void check_size() const;
    [[nodiscard]] std::uint64_t piece_bytes() const;
    void make_image();
    void read_palette();
    void read_rows();
    void read_strips();
    void read_tiles();
    void read_by_library();
    void store(const std::byte *in, std::uint32_t x, std::uint32_t y, std::uint32_t count,
               std::uint16_t plane);
    void store_palette(const std::byte *in, std::uint32_t count, std::byte *out) const;
    void store_inks(const std::byte *in, std::uint32_t count, std::byte *out);
    void store_samples(const std::byte *in, std::uint32_t count, std::uint16_t plane, std::byte *out) const;
    [[nodiscard]] std::uint32_t raw(const std::byte *in, std::uint64_t index) const noexcept;
    void store_one(std::uint32_t value, std::byte *out) const noexcept;
    void note_rest();
    [[nodiscard]] bool needs_library() const noexcept;

    ByteSpan bytes_;
    const DecodeOptions &options_;
    TiffFile file_;
    Storage storage_;
    Image image_;
    std::size_t sample_bytes_ = 1;
    std::array<const std::uint16_t *, 3> palette_{};
    bool narrow_palette_ = false;
    std::unique_ptr<InkConverter> inks_;
    std::vector<unsigned char> ink_row_;
    int further_ = 0; ///< pictures of the file that are not read
    bool may_have_more_ = false;
};

/// The first that is neither a preview nor a mask; the others that are whole pictures are counted.
void TiffReader::choose_directory() {
    TIFF *const tiff = file_.handle();
    std::uint64_t chosen = 0;
    int seen = 0, pictures = 0;
    bool has_hidden = false; // cameras put a preview first, and their own data below it
    do {
        const auto kind = file_.field<std::uint32_t>(TIFFTAG_SUBFILETYPE);
        const bool whole = (kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) == 0;
        std::uint16_t below = 0;
        const std::uint64_t *places = nullptr;
        has_hidden = has_hidden || TIFFGetField(tiff, TIFFTAG_SUBIFD, &below, &places) != 0;
        if (whole && pictures++ == 0) chosen = TIFFCurrentDirOffset(tiff);
    } while (++seen < kMostDirectories && TIFFReadDirectory(tiff) != 0);
    further_ = std::max(0, pictures - 1);
    may_have_more_ = seen == kMostDirectories;
    if (pictures == 0 && has_hidden) refuse_raw();
    const bool back = chosen != 0 ? TIFFSetSubDirectory(tiff, chosen) != 0 : TIFFSetDirectory(tiff, 0) != 0;
    if (!back) file_.fail();
}

void TiffReader::read_storage() {
    auto &s = storage_;
    const auto word = [&](std::uint32_t tag) { return file_.field<std::uint16_t>(tag); };
    const std::uint8_t *version = nullptr;
    if (TIFFGetField(file_.handle(), kDngVersion, &version) != 0) refuse_raw();
    s.width = file_.field<std::uint32_t>(TIFFTAG_IMAGEWIDTH);
    s.height = file_.field<std::uint32_t>(TIFFTAG_IMAGELENGTH);
    s.bits = word(TIFFTAG_BITSPERSAMPLE);
    s.format = word(TIFFTAG_SAMPLEFORMAT);
    s.samples = word(TIFFTAG_SAMPLESPERPIXEL);
    s.planar = word(TIFFTAG_PLANARCONFIG);
    s.compression = word(TIFFTAG_COMPRESSION);
    const std::uint16_t guess = s.samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    s.photometric = file_.field<std::uint16_t>(TIFFTAG_PHOTOMETRIC, guess);
    if (s.photometric == kColorFilterArray || s.photometric == kLinearRaw) refuse_raw();
    if (s.photometric == PHOTOMETRIC_YCBCR && s.compression == COMPRESSION_JPEG) {
        TIFFSetField(file_.handle(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        s.photometric = PHOTOMETRIC_RGB;
    }
    const bool three = s.photometric == PHOTOMETRIC_RGB || s.photometric == PHOTOMETRIC_YCBCR || s.is_lab();
    s.colors = s.is_ink() ? 4 : three ? 3 : 1;
    read_extra_samples();
}

void TiffReader::read_extra_samples() {
    auto &s = storage_;
    std::uint16_t count = 0;
    const std::uint16_t *kinds = nullptr;
    TIFFGetFieldDefaulted(file_.handle(), TIFFTAG_EXTRASAMPLES, &count, &kinds);
    if (count == 0 || kinds == nullptr || s.samples <= s.colors || s.is_ink() || s.is_palette()) return;
    s.alpha = kinds[0] == EXTRASAMPLE_ASSOCALPHA || kinds[0] == EXTRASAMPLE_UNASSALPHA;
    s.premultiplied = kinds[0] == EXTRASAMPLE_ASSOCALPHA;
}

/// Subsampled and exotic colours, which libtiff makes 8-bit RGB of.
bool TiffReader::needs_library() const noexcept {
    return storage_.photometric == PHOTOMETRIC_YCBCR || storage_.is_lab() ||
           storage_.compression == COMPRESSION_OJPEG;
}

void TiffReader::check_storage() const {
    const auto &s = storage_;
    if (TIFFIsCODECConfigured(s.compression) == 0)
        refuse("its compression, number " + std::to_string(s.compression));
    if (s.compression == COMPRESSION_JPEG && s.bits != 8) refuse("JPEG of more than 8 bits");
    if (needs_library()) {
        std::array<char, 1024> reason{};
        if (TIFFRGBAImageOK(file_.handle(), reason.data()) == 0) refuse(reason.data());
        return;
    }
    constexpr std::array kKnown{PHOTOMETRIC_MINISWHITE, PHOTOMETRIC_MINISBLACK, PHOTOMETRIC_RGB,
                                PHOTOMETRIC_PALETTE, PHOTOMETRIC_SEPARATED};
    if (std::ranges::find(kKnown, s.photometric) == kKnown.end())
        refuse("its colours, number " + std::to_string(s.photometric));
    if (s.samples < s.colors)
        refuse("it has " + std::to_string(s.samples) + " samples a pixel where its colours take " +
               std::to_string(s.colors));
    const bool real = s.format == SAMPLEFORMAT_IEEEFP;
    const bool whole = s.format == SAMPLEFORMAT_UINT || s.format == SAMPLEFORMAT_VOID;
    const bool known =
        real ? s.bits == 16 || s.bits == 32 : whole && ((s.bits >= 1 && s.bits <= 16) || s.bits == 32);
    if (!known)
        refuse("samples of " + std::to_string(s.bits) + " bits, " +
               (real    ? "real"
                : whole ? "whole"
                        : "with sign or complex"));
    if (s.is_palette() && (s.bits > 8 || real || s.separate()))
        refuse("a palette of " + std::to_string(s.bits) + " bits");
    check_inks(real);
}

void TiffReader::check_inks(bool real) const {
    const auto &s = storage_;
    if (!s.is_ink()) return;
    if (file_.field<std::uint16_t>(TIFFTAG_INKSET, INKSET_CMYK) != INKSET_CMYK)
        refuse("its inks are not CMYK");
    if (s.separate()) refuse("its inks (CMYK) lie in planes of their own");
    if (real || (s.bits != 8 && s.bits != 16)) refuse("its inks (CMYK) have neither 8 nor 16 bits");
}

void TiffReader::check_size() const {
    const auto &s = storage_;
    if (s.width == 0 || s.height == 0)
        throw Error(ErrorCode::corrupt, "the TIFF is damaged: it states no size");
    check_pixels(s.width, s.height, options_);
    if (s.width > INT32_MAX || s.height > INT32_MAX) refuse("its size");
    const std::uint64_t whole = s.row_bytes(s.width) * s.height * (s.separate() ? s.samples : 1U);
    if (!options_.tolerate_damage && whole / s.expansion() > bytes_.size())
        throw Error(ErrorCode::corrupt, "the TIFF is damaged: the file is too short for its " +
                                            std::to_string(s.width) + "x" + std::to_string(s.height) +
                                            " pixels");
    const std::uint64_t piece = piece_bytes();
    const std::uint64_t most = std::uint64_t{s.width} * s.height * (s.format == SAMPLEFORMAT_IEEEFP ? 16 : 8);
    if (piece == 0 || piece > most + kSpareBytes)
        throw Error(ErrorCode::limit, "the TIFF has tiles or rows that are larger than the picture");
}

/// What is read at once: a tile or a row, and by libtiff itself a strip.
std::uint64_t TiffReader::piece_bytes() const {
    if (TIFFIsTiled(file_.handle()) != 0) return TIFFTileSize64(file_.handle());
    if (needs_library() || storage_.compression == COMPRESSION_PACKBITS)
        return TIFFStripSize64(file_.handle());
    return TIFFScanlineSize64(file_.handle());
}

void TiffReader::make_image() {
    const auto &s = storage_;
    const bool real = s.format == SAMPLEFORMAT_IEEEFP;
    const bool narrow = s.bits <= 8 || s.is_ink() || s.is_palette() || needs_library();
    const auto sample = real ? SampleType::f32 : narrow ? SampleType::u8 : SampleType::u16;
    const bool rgb = s.is_ink() || s.is_palette() || s.colors == 3;
    image_ = Image(static_cast<std::int32_t>(s.width), static_cast<std::int32_t>(s.height),
                   (rgb ? 3 : 1) + (s.alpha ? 1 : 0), sample);
    sample_bytes_ = image::sample_bytes(sample);
    image_.bit_depth = std::min<int>(s.bits, sample == SampleType::u8    ? 8
                                             : sample == SampleType::u16 ? 16
                                                                         : 32);
}

void TiffReader::read_palette() {
    std::uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
    if (TIFFGetField(file_.handle(), TIFFTAG_COLORMAP, &red, &green, &blue) == 0 || red == nullptr ||
        green == nullptr || blue == nullptr)
        throw Error(ErrorCode::corrupt, "the TIFF is damaged: its palette is missing");
    palette_ = {red, green, blue};
    // Old programs wrote palettes of 8 bits.
    narrow_palette_ = std::ranges::all_of(palette_, [&](const std::uint16_t *values) {
        return std::all_of(values, values + (std::size_t{1} << storage_.bits),
                           [](std::uint16_t each) { return each < 256; });
    });
}

/// A whole sample as the file has it.
std::uint32_t TiffReader::raw(const std::byte *in, std::uint64_t index) const noexcept {
    const unsigned bits = storage_.bits;
    if (bits == 8) return std::to_integer<std::uint32_t>(in[index]);
    if (bits == 16) return load_raw<std::uint16_t>(in + index * 2);
    if (bits == 32) return load_raw<std::uint32_t>(in + index * 4);
    std::uint32_t value = 0;
    for (std::uint64_t bit = index * bits; bit < (index + 1) * bits; ++bit)
        value = value << 1 | (std::to_integer<std::uint32_t>(in[bit / 8]) >> (7 - bit % 8) & 1U);
    return value;
}

void TiffReader::store_one(std::uint32_t value, std::byte *out) const noexcept {
    const unsigned bits = storage_.bits;
    if (storage_.format == SAMPLEFORMAT_IEEEFP) {
        const float real =
            bits == 16 ? half_to_float(static_cast<std::uint16_t>(value)) : std::bit_cast<float>(value);
        store_raw(out, storage_.photometric == PHOTOMETRIC_MINISWHITE ? 1 - real : real);
        return;
    }
    const std::uint64_t most = (std::uint64_t{1} << bits) - 1;
    const std::uint64_t light = storage_.photometric == PHOTOMETRIC_MINISWHITE ? most - value : value;
    const std::uint64_t range = sample_bytes_ == 1 ? 255 : 65535;
    const std::uint64_t scaled = most == range ? light : (light * range + most / 2) / most;
    if (sample_bytes_ == 1)
        *out = static_cast<std::byte>(scaled);
    else
        store_raw(out, static_cast<std::uint16_t>(scaled));
}

void TiffReader::store_palette(const std::byte *in, std::uint32_t count, std::byte *out) const {
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t index = raw(in, std::uint64_t{i} * storage_.samples);
        for (std::size_t c = 0; c < 3; ++c)
            out[i * 3 + c] = static_cast<std::byte>(palette_[c][index] >> (narrow_palette_ ? 0 : 8));
    }
}

void TiffReader::store_inks(const std::byte *in, std::uint32_t count, std::byte *out) {
    constexpr unsigned kMost = 255;
    ink_row_.resize(std::size_t{count} * 4);
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t c = 0; c < 4; ++c)
            ink_row_[i * 4 + c] = static_cast<unsigned char>(raw(in, i * storage_.samples + c) >>
                                                             (storage_.bits == 16 ? 8 : 0));
    if (inks_) return inks_->convert(ink_row_.data(), reinterpret_cast<unsigned char *>(out), count);
    for (std::size_t i = 0; i < count; ++i) {
        const unsigned light = kMost - ink_row_[i * 4 + 3];
        for (std::size_t c = 0; c < 3; ++c)
            out[i * 3 + c] =
                static_cast<std::byte>(((kMost - ink_row_[i * 4 + c]) * light + kMost / 2) / kMost);
    }
}

void TiffReader::store_samples(const std::byte *in, std::uint32_t count, std::uint16_t plane,
                               std::byte *out) const {
    const auto &s = storage_;
    const auto kept = static_cast<std::size_t>(s.kept());
    const bool same = s.bits == 8 * sample_bytes_ && s.photometric != PHOTOMETRIC_MINISWHITE;
    if (same && (s.separate() ? kept == 1 : kept == s.samples)) {
        std::memcpy(out, in, count * kept * sample_bytes_);
        return;
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        if (s.separate()) {
            store_one(raw(in, i), out + (i * kept + plane) * sample_bytes_);
            continue;
        }
        for (std::size_t c = 0; c < kept; ++c)
            store_one(raw(in, i * s.samples + c), out + (i * kept + c) * sample_bytes_);
    }
}

/// A run of pixels, as the file has them, to its place in the picture.
void TiffReader::store(const std::byte *in, std::uint32_t x, std::uint32_t y, std::uint32_t count,
                       std::uint16_t plane) {
    const auto pixel = static_cast<std::size_t>(image_.channels()) * sample_bytes_;
    std::byte *const out = image_.bytes().data() + (std::size_t{y} * storage_.width + x) * pixel;
    if (storage_.is_palette()) return store_palette(in, count, out);
    if (storage_.is_ink()) return store_inks(in, count, out);
    if (plane < storage_.kept()) store_samples(in, count, plane, out);
}

/// Whole strips: in some files a run of PackBits goes on in the next row, which libtiff cannot follow by
/// rows.
void TiffReader::read_strips() {
    const auto &s = storage_;
    const std::uint32_t rows = std::min(file_.field<std::uint32_t>(TIFFTAG_ROWSPERSTRIP, s.height), s.height);
    const std::uint64_t row_bytes = s.row_bytes(s.width);
    if (rows == 0 || row_bytes != TIFFScanlineSize64(file_.handle()))
        throw Error(ErrorCode::corrupt, "the TIFF is damaged: the size of its strips");
    std::vector<std::byte> strip(row_bytes * rows);
    for (std::uint16_t plane = 0; plane < (s.separate() ? s.kept() : 1); ++plane)
        for (std::uint32_t y = 0; y < s.height; y += std::min(rows, s.height - y)) {
            const std::uint32_t count = std::min(rows, s.height - y);
            if (TIFFReadEncodedStrip(file_.handle(), TIFFComputeStrip(file_.handle(), y, plane), strip.data(),
                                     static_cast<tmsize_t>(row_bytes * count)) < 0) {
                if (options_.tolerate_damage) continue;
                file_.fail();
            }
            for (std::uint32_t row = 0; row < count; ++row)
                store(strip.data() + row * row_bytes, 0, y + row, s.width, plane);
        }
}

void TiffReader::read_rows() {
    const auto &s = storage_;
    std::vector<std::byte> row(
        std::max<std::uint64_t>(TIFFScanlineSize64(file_.handle()), s.row_bytes(s.width)));
    for (std::uint16_t plane = 0; plane < (s.separate() ? s.kept() : 1); ++plane)
        for (std::uint32_t y = 0; y < s.height; ++y) {
            if (TIFFReadScanline(file_.handle(), row.data(), y, plane) < 0) {
                if (options_.tolerate_damage) break;
                file_.fail();
            }
            store(row.data(), 0, y, s.width, plane);
        }
}

void TiffReader::read_tiles() {
    const auto &s = storage_;
    const auto width = file_.field<std::uint32_t>(TIFFTAG_TILEWIDTH),
               height = file_.field<std::uint32_t>(TIFFTAG_TILELENGTH);
    if (width == 0 || height == 0)
        throw Error(ErrorCode::corrupt, "the TIFF is damaged: its tiles have no size");
    std::vector<std::byte> tile(TIFFTileSize64(file_.handle()));
    const std::uint64_t tile_row = s.row_bytes(width);
    if (tile_row * height > tile.size())
        throw Error(ErrorCode::corrupt, "the TIFF is damaged: the size of its tiles");
    for (std::uint16_t plane = 0; plane < (s.separate() ? s.kept() : 1); ++plane)
        for (std::uint32_t y = 0; y < s.height; y += std::min(height, s.height - y))
            for (std::uint32_t x = 0; x < s.width; x += std::min(width, s.width - x)) {
                if (TIFFReadTile(file_.handle(), tile.data(), x, y, 0, plane) < 0) {
                    if (options_.tolerate_damage) continue;
                    file_.fail();
                }
                for (std::uint32_t row = 0; row < std::min(height, s.height - y); ++row)
                    store(tile.data() + row * tile_row, x, y + row, std::min(width, s.width - x), plane);
            }
}

void TiffReader::read_by_library() {
    const auto &s = storage_;
    std::vector<std::uint32_t> raster(std::size_t{s.width} * s.height);
    const int stop = options_.tolerate_damage ? 0 : 1;
    // As it is stored: the picture is turned by its metadata, as any other.
    const int orientation = file_.field<std::uint16_t>(TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    if (TIFFReadRGBAImageOriented(file_.handle(), s.width, s.height, raster.data(), orientation, stop) == 0 &&
        stop != 0)
        file_.fail();
    auto *out = reinterpret_cast<std::uint8_t *>(image_.bytes().data());
    const auto channels = static_cast<std::size_t>(image_.channels());
    for (const std::uint32_t pixel : raster) {
        const std::array<std::uint32_t, 4> values{TIFFGetR(pixel), TIFFGetG(pixel), TIFFGetB(pixel),
                                                  TIFFGetA(pixel)};
        for (std::size_t c = 0; c < channels; ++c) *out++ = static_cast<std::uint8_t>(values[c]);
    }
}

void TiffReader::note_rest() {
    auto &notes = image_.metadata.notes;
    if (further_ > 0)
        add_note(notes, (may_have_more_ ? "At least " : "") + std::to_string(further_) +
                            (further_ == 1 ? " further picture" : " further pictures") + " of the file " +
                            (further_ == 1 ? "was" : "were") + " left out.");
    if (!needs_library() && storage_.samples > storage_.kept())
        add_note(notes, std::to_string(storage_.samples - storage_.kept()) +
                            " of the picture's channels have no meaning here and were left out.");
    if (storage_.format != SAMPLEFORMAT_IEEEFP && storage_.bits == 32)
        add_note(notes, "Samples of 32 bits were read with 16.");
}

Image TiffReader::decode() {
    choose_directory();
    read_storage();
    check_storage();
    check_size();
    make_image();
    image_.metadata = read_tiff_metadata(file_, bytes_);
    if (storage_.is_palette()) read_palette();
    if (storage_.is_ink()) {
        inks_ = InkConverter::make(image_.metadata.icc, false);
        image_.metadata.icc.clear();
        add_note(image_.metadata.notes, inks_
                                            ? "The picture's inks (CMYK) became sRGB by their colour profile."
                                            : "The picture's inks (CMYK) became RGB without a profile.");
    }
    if (storage_.is_lab()) {
        image_.metadata.icc.clear();
        add_note(image_.metadata.notes, "The picture's Lab colours became sRGB of 8 bits.");
    }
    if (needs_library())
        read_by_library();
    else if (TIFFIsTiled(file_.handle()) != 0)
        read_tiles();
    else if (storage_.compression == COMPRESSION_PACKBITS)
        read_strips();
    else
        read_rows();
    if (storage_.alpha && storage_.premultiplied && image_.view().has_alpha()) make_straight(image_);
    note_rest();
    return std::move(image_);
}

} // namespace

Image decode_tiff(ByteSpan bytes, const DecodeOptions &options) {
    // Canon's raw files are TIFFs in which a preview comes first, as an ordinary picture.
    const std::string_view start = as_text(bytes.first(std::min<std::size_t>(bytes.size(), 16)));
    if (start.find("CR\x02") == 8) refuse_raw();
    return TiffReader(bytes, options).decode();
}

} // namespace mirra::image::detail
