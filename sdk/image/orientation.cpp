// EXIF orientation: read with libexif, applied to the pixels, reset in place.
#include "orientation.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include <libexif/exif-data.h>

namespace mirra::image::detail {
namespace {

constexpr std::size_t kMaxExifBytes = 65535; // libexif's own limit
constexpr std::string_view kExifHeader("Exif\0\0", 6);
constexpr std::uint32_t kOrientationTag = 0x0112;
constexpr std::int64_t kBlock = 32;

struct ExifDeleter {
    void operator()(ExifData *data) const noexcept { exif_data_unref(data); }
};

/// Turns a view without touching pixels, by its strides; the orientations are numbered as in EXIF.
ConstImageView turned(ConstImageView view, int orientation) {
    const bool flips_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool flips_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    for (std::int32_t channel = 0; channel < view.channels; ++channel) {
        view.data[static_cast<std::size_t>(channel)] =
            view.at(channel, flips_x ? view.width - 1 : 0, flips_y ? view.height - 1 : 0);
    }
    if (flips_x) view.x_stride = -view.x_stride;
    if (flips_y) view.y_stride = -view.y_stride;
    if (orientation >= 5) {
        std::swap(view.width, view.height);
        std::swap(view.x_stride, view.y_stride);
    }
    return view;
}

/// Copies pixels of `Size` bytes in square blocks, so that a transposed source stays in the cache.
template<std::size_t Size> void copy_pixels(const ConstImageView &from, const ImageView &to) {
    for (std::int64_t top = 0; top < to.height; top += kBlock) {
        const std::int64_t bottom = std::min<std::int64_t>(top + kBlock, to.height);
        for (std::int64_t left = 0; left < to.width; left += kBlock) {
            const std::int64_t right = std::min<std::int64_t>(left + kBlock, to.width);
            for (std::int64_t y = top; y < bottom; ++y) {
                for (std::int64_t x = left; x < right; ++x)
                    std::memcpy(to.at(0, x, y), from.at(0, x, y), Size);
            }
        }
    }
}

void copy_pixels(const ConstImageView &from, const ImageView &to) {
    switch (sample_bytes(from.sample) * static_cast<std::size_t>(from.channels)) {
    case 1:
        return copy_pixels<1>(from, to);
    case 2:
        return copy_pixels<2>(from, to);
    case 3:
        return copy_pixels<3>(from, to);
    case 4:
        return copy_pixels<4>(from, to);
    case 6:
        return copy_pixels<6>(from, to);
    default:
        return copy_pixels<8>(from, to);
    }
}

/// Numbers of a TIFF block in its own byte order; 0 beyond its end.
class TiffBlock {
  public:
    explicit TiffBlock(std::span<std::byte> bytes)
        : bytes_(bytes)
        , big_(!bytes.empty() && bytes[0] == std::byte{'M'}) {}
    [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t size) const {
        std::uint32_t value = 0;
        if (at + size > bytes_.size()) return 0;
        for (std::size_t i = 0; i < size; ++i) {
            value = value << 8 | std::to_integer<std::uint32_t>(bytes_[at + (big_ ? i : size - 1 - i)]);
        }
        return value;
    }
    void put_one(std::size_t at) {
        bytes_[at] = std::byte{big_ ? std::uint8_t{0} : std::uint8_t{1}};
        bytes_[at + 1] = std::byte{big_ ? std::uint8_t{1} : std::uint8_t{0}};
    }

  private:
    std::span<std::byte> bytes_;
    bool big_;
};

/// Sets the orientation of the first directory to 1. @return whether it was found
bool reset_orientation(std::span<std::byte> exif) {
    TiffBlock block(exif);
    const std::size_t directory = block.number(4, 4);
    const std::size_t count = block.number(directory, 2);
    bool found = false;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t entry = directory + 2 + i * 12;
        if (entry + 12 > exif.size()) break;
        if (block.number(entry, 2) != kOrientationTag) continue;
        block.put_one(entry + 8);
        found = true;
    }
    return found;
}

/// XMP repeats the orientation as text; a viewer that reads it must not turn the picture again.
void reset_xmp_orientation(std::vector<std::byte> &xmp) {
    constexpr std::string_view kProperty = "tiff:Orientation";
    const std::string_view text(reinterpret_cast<const char *>(xmp.data()), xmp.size());
    for (std::size_t at = text.find(kProperty); at != text.npos; at = text.find(kProperty, at + 1)) {
        const std::size_t digit = text.find_first_not_of("=\"'> ", at + kProperty.size());
        if (digit != text.npos && text[digit] >= '1' && text[digit] <= '8') xmp[digit] = std::byte{'1'};
    }
}

} // namespace

int read_orientation(std::span<const std::byte> exif) {
    if (exif.size() < 8 || exif.size() > kMaxExifBytes - kExifHeader.size()) return 1;
    std::vector<unsigned char> block(kExifHeader.size() + exif.size());
    std::memcpy(block.data(), kExifHeader.data(), kExifHeader.size());
    std::memcpy(block.data() + kExifHeader.size(), exif.data(), exif.size());
    const std::unique_ptr<ExifData, ExifDeleter> data(exif_data_new());
    if (!data) throw std::bad_alloc();
    // By default libexif would correct the tags to the standard; here they are to be read as they are.
    exif_data_unset_option(data.get(), EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
    exif_data_load_data(data.get(), block.data(), static_cast<unsigned>(block.size()));
    const ExifEntry *entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    if (entry == nullptr || entry->format != EXIF_FORMAT_SHORT || entry->size < 2) return 1;
    const int orientation = exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

Image turn_upright(Image image) {
    const int orientation = read_orientation(image.metadata.exif);
    if (orientation == 1) return image;
    // Reset first: an orientation that cannot be reset would be applied again by the next reader.
    if (!reset_orientation(image.metadata.exif)) image.metadata.exif.clear();
    reset_xmp_orientation(image.metadata.xmp);
    const ConstImageView source = turned(std::as_const(image).view(), orientation);
    Image result(source.width, source.height, source.channels, source.sample);
    copy_pixels(source, result.view());
    result.metadata = std::move(image.metadata);
    result.transfer = image.transfer;
    result.bit_depth = image.bit_depth;
    if (orientation >= 5 && result.metadata.density)
        std::swap(result.metadata.density->x, result.metadata.density->y);
    return result;
}

} // namespace mirra::image::detail
