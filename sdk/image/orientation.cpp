// EXIF orientation, applied to the pixels and to what the metadata says of them.
#include "orientation.hpp"

#include "exif.hpp"
#include "photoshop.hpp"
#include "xmp.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mirra::image::detail {
namespace {

constexpr std::int64_t kBlock = 32;

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
    case 8:
        return copy_pixels<8>(from, to);
    case 12:
        return copy_pixels<12>(from, to);
    default:
        return copy_pixels<16>(from, to);
    }
}

void turn_metadata(Metadata &metadata, int orientation, std::int32_t width, std::int32_t height) {
    turn_exif(metadata.exif, orientation, width, height);
    turn_xmp(metadata.xmp, metadata.notes);
    make_photoshop_true(metadata.photoshop, true, metadata.notes);
    if (orientation >= 5 && metadata.density) std::swap(metadata.density->x, metadata.density->y);
}

} // namespace

Image turn_upright(Image image) {
    const int orientation = read_orientation(image.metadata.exif);
    if (orientation == 1) return image;
    turn_metadata(image.metadata, orientation, image.width(), image.height());
    const ConstImageView source = turned(std::as_const(image).view(), orientation);
    Image result(source.width, source.height, source.channels, source.sample);
    copy_pixels(source, result.view());
    result.metadata = std::move(image.metadata);
    result.transfer = image.transfer;
    result.bit_depth = image.bit_depth;
    return result;
}

} // namespace mirra::image::detail
