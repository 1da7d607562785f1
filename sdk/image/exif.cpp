// EXIF, read and kept true in place: whatever is not understood stays as it is.
#include "exif.hpp"

#include "notes.hpp"
#include "thumbnail.hpp"
#include "tiff.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace mirra::image::detail {
namespace {

using TiffReader = Tiff<const std::byte>;
using TiffEditor = Tiff<std::byte>;

enum Tag : std::uint32_t {
    kImageWidth = 0x0100,
    kImageHeight = 0x0101,
    kCompression = 0x0103,
    kOrientation = kOrientationTag,
    kXResolution = 0x011a,
    kYResolution = 0x011b,
    kResolutionUnit = 0x0128,
    kSubDirectories = 0x014a,
    kJpegPlace = 0x0201,
    kJpegSize = 0x0202,
    kExifDirectory = 0x8769,
    kGpsDirectory = 0x8825,
    kSubjectArea = 0x9214,
    kColorSpace = 0xa001,
    kPixelWidth = 0xa002,
    kPixelHeight = 0xa003,
    kInteropDirectory = 0xa005,
    kFocalPlaneX = 0xa20e,
    kFocalPlaneY = 0xa20f,
    kSubjectLocation = 0xa214,
    kPictureCount = 0xb001,
};
constexpr std::uint32_t kInteropIndex = 1;
constexpr std::uint32_t kAdobeRgb = 2;
constexpr std::uint32_t kUncalibrated = 0xffff;
constexpr std::uint32_t kCentimetre = 3;
constexpr std::uint32_t kJpegCompression = 6;

double rational(const TiffReader &tiff, const TiffDirectory &directory, std::uint32_t tag) {
    const auto entry = TiffReader::find(directory, tag);
    if (!entry || entry->type != kTiffRational) return 0;
    const double below = tiff.number(entry->value + 4, 4);
    return below > 0 ? tiff.number(entry->value, 4) / below : 0;
}

void swap_values(TiffEditor &tiff, const TiffDirectory &directory, std::uint32_t a, std::uint32_t b) {
    const auto first = TiffEditor::find(directory, a);
    const auto second = TiffEditor::find(directory, b);
    if (!first || !second || first->type != kTiffRational || second->type != kTiffRational) return;
    for (const std::size_t part : {0U, 4U}) {
        const std::uint32_t kept = tiff.number(first->value + part, 4);
        tiff.put(first->value + part, tiff.number(second->value + part, 4), 4);
        tiff.put(second->value + part, kept, 4);
    }
}

/// Turns a place, or a place with an extent, that counts in stored pixels.
void turn_place(TiffEditor &tiff, const TiffDirectory &directory, std::uint32_t tag, int orientation,
                std::int32_t width, std::int32_t height) {
    const auto entry = TiffEditor::find(directory, tag);
    if (!entry || entry->type != kTiffShort || entry->count < 2 || entry->count > 4) return;
    const bool flips_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool flips_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const auto flip = [](std::uint32_t at, std::int32_t size) {
        return static_cast<std::uint32_t>(std::max<std::int64_t>(0, std::int64_t{size} - 1 - at));
    };
    std::uint32_t x = tiff.number(entry->value, 2);
    std::uint32_t y = tiff.number(entry->value + 2, 2);
    if (flips_x) x = flip(x, width);
    if (flips_y) y = flip(y, height);
    if (orientation >= 5) std::swap(x, y);
    tiff.put(entry->value, x, 2);
    tiff.put(entry->value + 2, y, 2);
    if (entry->count != 4 || orientation < 5) return;
    const std::uint32_t across = tiff.number(entry->value + 4, 2);
    tiff.put(entry->value + 4, tiff.number(entry->value + 6, 2), 2);
    tiff.put(entry->value + 6, across, 2);
}

/// Ends the list of directories after the first, and wipes what the second described.
void drop_thumbnail(TiffEditor &tiff, const TiffDirectory &main, const TiffDirectory &small) {
    tiff.put(main.next_place, 0, 4);
    const std::size_t place = tiff.whole(small, kJpegPlace).value_or(0);
    const std::size_t size = tiff.whole(small, kJpegSize).value_or(0);
    if (place > tiff.bytes().size() || size > tiff.bytes().size() - place) return;
    for (std::size_t i = 0; i < size; ++i) tiff.put(place + i, 0, 1);
}

void replace_thumbnail(std::vector<std::byte> &exif, const ConstImageView &picture) {
    TiffEditor tiff(exif);
    const TiffDirectory main = tiff.first();
    const TiffDirectory small = tiff.next(main);
    if (main.next_place == 0 || tiff.number(main.next_place, 4) == 0) return;
    const std::size_t place = tiff.whole(small, kJpegPlace).value_or(0);
    const std::size_t size = tiff.whole(small, kJpegSize).value_or(0);
    const bool inside = place >= 8 && place <= exif.size() && size > 0 && size <= exif.size() - place;
    const bool jpeg = tiff.whole(small, kCompression).value_or(kJpegCompression) == kJpegCompression;
    if (!inside || !jpeg) return drop_thumbnail(tiff, main, small);
    const Thumbnail made = make_thumbnail(picture);
    for (std::size_t i = 0; i < size; ++i) tiff.put(place + i, 0, 1);
    const bool at_end = place + size == exif.size();
    const std::size_t target = at_end || made.jpeg.size() <= size ? place : exif.size();
    tiff.set_whole(small, kImageWidth, static_cast<std::uint32_t>(made.width));
    tiff.set_whole(small, kImageHeight, static_cast<std::uint32_t>(made.height));
    tiff.set_whole(small, kOrientation, 1);
    tiff.set_whole(small, kJpegPlace, static_cast<std::uint32_t>(target));
    tiff.set_whole(small, kJpegSize, static_cast<std::uint32_t>(made.jpeg.size()));
    if (at_end || target != place) exif.resize(target + made.jpeg.size());
    std::ranges::copy(made.jpeg, exif.begin() + static_cast<std::ptrdiff_t>(target));
}

} // namespace

ByteSpan exif_block(ByteSpan data) {
    while (as_text(data).starts_with(kExifHeader)) data = data.subspan(kExifHeader.size());
    return data;
}

std::vector<std::byte> orientation_alone(int orientation) {
    if (orientation == 1) return {};
    constexpr std::string_view kBlock("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x01\0\0\0\0\0\0", 26);
    constexpr std::size_t kValue = 19;
    auto block = copy_of(as_bytes(kBlock));
    block[kValue] = static_cast<std::byte>(orientation);
    return block;
}

int read_orientation(ByteSpan exif) {
    const TiffReader tiff(exif);
    const std::uint32_t orientation = tiff.whole(tiff.first(), kOrientation).value_or(1);
    return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
}

std::optional<Density> read_exif_density(ByteSpan exif) {
    constexpr double kInchesPerMetre = 1.0 / 0.0254;
    const TiffReader tiff(exif);
    const TiffDirectory main = tiff.first();
    const double x = rational(tiff, main, kXResolution);
    const double y = rational(tiff, main, kYResolution);
    const std::uint32_t unit = tiff.whole(main, kResolutionUnit).value_or(2);
    if (x <= 0 || y <= 0 || unit == 1) return std::nullopt;
    const double scale = unit == kCentimetre ? 100.0 : kInchesPerMetre;
    return Density{x * scale, y * scale};
}

bool says_adobe_rgb(ByteSpan exif) {
    const TiffReader tiff(exif);
    const TiffDirectory photo = tiff.child(tiff.first(), kExifDirectory);
    const std::uint32_t space = tiff.whole(photo, kColorSpace).value_or(1);
    if (space == kAdobeRgb) return true;
    const TiffDirectory interop = tiff.child(photo, kInteropDirectory);
    const auto index = TiffReader::find(interop, kInteropIndex);
    return space == kUncalibrated && index &&
           as_text(exif.subspan(index->value, index->size)).starts_with("R03");
}

std::uint32_t count_pictures(ByteSpan mpf) {
    const TiffReader tiff(mpf);
    return tiff.whole(tiff.first(), kPictureCount).value_or(0);
}

void turn_exif(std::vector<std::byte> &exif, int orientation, std::int32_t width, std::int32_t height) {
    TiffEditor tiff(exif);
    const TiffDirectory main = tiff.first();
    const TiffDirectory photo = tiff.child(main, kExifDirectory);
    tiff.set_whole(main, kOrientation, 1);
    tiff.set_whole(tiff.next(main), kOrientation, 1);
    turn_place(tiff, photo, kSubjectArea, orientation, width, height);
    turn_place(tiff, photo, kSubjectLocation, orientation, width, height);
    if (orientation >= 5) {
        swap_values(tiff, main, kXResolution, kYResolution);
        swap_values(tiff, photo, kFocalPlaneX, kFocalPlaneY);
    }
    if (read_orientation(exif) != 1) exif.clear(); // else the next reader would turn the picture again
}

void make_exif_true(std::vector<std::byte> &exif, const ConstImageView &picture) {
    TiffEditor tiff(exif);
    if (!tiff.valid()) return;
    const TiffDirectory main = tiff.first();
    const TiffDirectory photo = tiff.child(main, kExifDirectory);
    const auto width = static_cast<std::uint32_t>(picture.width);
    const auto height = static_cast<std::uint32_t>(picture.height);
    tiff.set_whole(main, kImageWidth, width);
    tiff.set_whole(main, kImageHeight, height);
    tiff.set_whole(photo, kPixelWidth, width);
    tiff.set_whole(photo, kPixelHeight, height);
    replace_thumbnail(exif, picture);
}

} // namespace mirra::image::detail
