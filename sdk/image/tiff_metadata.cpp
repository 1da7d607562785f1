// Metadata of a TIFF. EXIF is the file's own directory and those below it, so it is taken out of the file,
// and put behind its end, by our own reader of directories: libtiff knows a part of the tags alone.
#include "tiff_metadata.hpp"

#include "codec.hpp"
#include "color_tags.hpp"
#include "exif.hpp"
#include "exif_builder.hpp"
#include "notes.hpp"
#include "xmp.hpp"

#include <array>
#include <cstring>

namespace mirra::image::detail {
namespace {

/// Tags of the first directory that speak of the picture, not of how it is stored.
constexpr std::array<std::uint32_t, 19> kDescribing{
    0x010e, 0x010f, 0x0110, 0x0112, 0x011a, 0x011b, 0x0128, // description, camera, orientation, density
    0x0131, 0x0132, 0x013b, 0x013c, 0x4746, 0x4749,         // program, date, artist, computer, rating
    0x8298, 0x9c9b, 0x9c9c, 0x9c9d, 0x9c9e, 0x9c9f,         // copyright, Windows' texts
};

std::optional<Density> density_of(const TiffFile &file) {
    constexpr double kCentimetresPerMetre = 100;
    const auto x = file.field<float>(TIFFTAG_XRESOLUTION), y = file.field<float>(TIFFTAG_YRESOLUTION);
    const auto unit = file.field<std::uint16_t>(TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
    if (!(x > 0) || !(y > 0)) return std::nullopt;
    const double scale = unit == RESUNIT_CENTIMETER ? kCentimetresPerMetre
                         : unit == RESUNIT_INCH     ? kInchesPerMetre
                                                    : 1;
    return Density{x * scale, y * scale, unit != RESUNIT_NONE};
}

std::vector<std::byte> exif_of(const TiffFile &file, ByteSpan bytes, std::vector<std::string> &notes) {
    const auto orientation = file.field<std::uint16_t>(TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    if (Tiff<const std::byte>(bytes).valid()) {
        ExifBuilder builder(bytes, TIFFCurrentDirOffset(file.handle()));
        builder.keep_main(kDescribing);
        if (orientation == ORIENTATION_TOPLEFT) static_cast<void>(builder.drop(TIFFTAG_ORIENTATION));
        return builder.empty() ? std::vector<std::byte>() : builder.build();
    }
    add_note(notes, "The EXIF data of a TIFF beyond 4 GiB (BigTIFF) are not read.");
    return orientation_alone(orientation);
}

void set_bytes(const TiffFile &file, std::uint32_t tag, ByteSpan bytes) {
    if (bytes.empty()) return;
    TIFFSetField(file.handle(), tag, static_cast<std::uint32_t>(bytes.size()), bytes.data());
}

void set_density(const TiffFile &file, const Density &density) {
    const double scale = density.has_unit ? 1 / kInchesPerMetre : 1;
    TIFFSetField(file.handle(), TIFFTAG_XRESOLUTION, density.x * scale);
    TIFFSetField(file.handle(), TIFFTAG_YRESOLUTION, density.y * scale);
    TIFFSetField(file.handle(), TIFFTAG_RESOLUTIONUNIT, density.has_unit ? RESUNIT_INCH : RESUNIT_NONE);
}

} // namespace

Metadata read_tiff_metadata(const TiffFile &file, ByteSpan bytes) {
    Metadata metadata;
    metadata.icc = copy_of(file.bytes_of(TIFFTAG_ICCPROFILE));
    metadata.xmp = copy_of(file.bytes_of(TIFFTAG_XMLPACKET));
    metadata.photoshop = copy_of(file.bytes_of(TIFFTAG_PHOTOSHOP));
    metadata.density = density_of(file);
    metadata.exif = exif_of(file, bytes, metadata.notes);
    return metadata;
}

void set_tiff_metadata(const TiffFile &file, const Metadata &metadata, bool gray,
                       std::vector<std::string> *notes) {
    std::vector<std::byte> xmp = metadata.xmp;
    for (const Text &left : add_texts_to_xmp(xmp, metadata.texts))
        add_note(notes, "The text '" + left.keyword + "' has no place in a TIFF and was left out.");
    set_bytes(file, TIFFTAG_ICCPROFILE, profile_to_write(metadata, gray, notes));
    set_bytes(file, TIFFTAG_XMLPACKET, xmp);
    set_bytes(file, TIFFTAG_PHOTOSHOP, metadata.photoshop);
    if (metadata.density) set_density(file, *metadata.density);
}

void add_exif_to_tiff(std::vector<std::byte> &file, ByteSpan exif) {
    constexpr std::size_t kEntry = 12, kFirstDirectory = 4;
    ExifBuilder builder(exif);
    if (builder.empty()) return;
    builder.keep_main(kDescribing);
    if (file.size() % 2 != 0) file.push_back({});
    const Tiff<const std::byte> made(file);
    std::vector<ByteSpan> entries;
    for (const TiffEntry &entry : made.first().entries)
        entries.push_back(ByteSpan(file).subspan(entry.place, kEntry));
    const auto behind = builder.build_behind(file.size(), entries);
    const auto place = static_cast<std::uint32_t>(file.size());
    append(file, behind);
    Tiff<std::byte>(file).put(kFirstDirectory, place, 4);
}

} // namespace mirra::image::detail
