// Pixels to TIFF, through libtiff. Also TIFF's line in the table of codecs.
#include "codec.hpp"
#include "rows.hpp"
#include "tiff.hpp"
#include "tiff_metadata.hpp"

#include <algorithm>
#include <array>

namespace mirra::image::detail {
namespace {

constexpr std::uint64_t kStripBytes = 1U << 20;
constexpr std::uint64_t kMostBytes = 0xf0000000; ///< offsets have 32 bits; the rest is for metadata

SampleType file_sample(const ConstImageView &view, const EncodeOptions &options) {
    constexpr int kByte = 8, kReal = 32;
    const bool real = view.sample == SampleType::f16 || view.sample == SampleType::f32;
    if (options.bit_depth == kByte || (options.bit_depth == 0 && view.sample == SampleType::u8))
        return SampleType::u8;
    return options.bit_depth == kReal || (options.bit_depth == 0 && real) ? SampleType::f32 : SampleType::u16;
}

void set_layout(const TiffFile &file, const ConstImageView &view, SampleType sample, std::size_t row_bytes,
                int level) {
    TIFF *const tiff = file.handle();
    const bool real = sample == SampleType::f32;
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(view.width));
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(view.height));
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, view.channels);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, static_cast<int>(8 * sample_bytes(sample)));
    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, real ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, view.channels >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP,
                 static_cast<std::uint32_t>(std::max<std::uint64_t>(1, kStripBytes / row_bytes)));
    if (view.has_alpha()) {
        const std::array<std::uint16_t, 1> kind{EXTRASAMPLE_UNASSALPHA};
        TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, kind.data());
    }
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, level > 0 ? COMPRESSION_ADOBE_DEFLATE : COMPRESSION_NONE);
    if (level == 0) return;
    TIFFSetField(tiff, TIFFTAG_ZIPQUALITY, level);
    TIFFSetField(tiff, TIFFTAG_PREDICTOR, real ? PREDICTOR_FLOATINGPOINT : PREDICTOR_HORIZONTAL);
}

bool sniff_tiff(std::span<const std::byte> bytes) noexcept {
    constexpr std::array<std::string_view, 4> kSignatures{
        std::string_view("II*\0", 4), std::string_view("MM\0*", 4), std::string_view("II+\0", 4),
        std::string_view("MM\0+", 4)};
    return std::ranges::any_of(kSignatures,
                               [&](std::string_view each) { return as_text(bytes).starts_with(each); });
}

std::vector<std::byte> encode_tiff(const ConstImageView &view, const Metadata &metadata,
                                   const EncodeOptions &options) {
    const SampleType sample = file_sample(view, options);
    RowPacker packer(view, sample, RowAlpha::straight);
    std::vector<std::byte> row(packer.row_bytes());
    if (std::uint64_t{row.size()} * static_cast<std::uint64_t>(view.height) > kMostBytes)
        throw Error(ErrorCode::unsupported, "a TIFF holds less than 4 GiB of pixels", {},
                    "write a PNG, or fewer bits");
    const bool big = Tiff<const std::byte>(metadata.exif).big();
    TiffFile file(big);
    set_layout(file, view, sample, row.size(), options.png_compression);
    set_tiff_metadata(file, metadata, view.channels < 3, options.notes);
    for (std::int32_t y = 0; y < view.height; ++y) {
        packer.pack(y, row.data());
        if (TIFFWriteScanline(file.handle(), row.data(), static_cast<std::uint32_t>(y), 0) < 0)
            file.fail(ErrorCode::unsupported);
    }
    auto out = file.finish();
    add_exif_to_tiff(out, metadata.exif);
    return out;
}

} // namespace

Codec tiff_codec() noexcept {
    static constexpr std::array<std::string_view, 2> kExtensions{".tif", ".tiff"};
    return {"tiff", kExtensions, sniff_tiff, decode_tiff, encode_tiff, 32, INT32_MAX};
}

} // namespace mirra::image::detail
