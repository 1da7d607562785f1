#include "picture.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace mirra_vips {
namespace {

[[noreturn]] void refuse(const std::string &what, const std::string &hint) {
    throw api::Error(MIRRA_E_UNSUPPORTED, what, "in", hint);
}

std::string nick_of(GType type, int value) {
    const char *const nick = vips_enum_nick(type, value);
    return nick == nullptr ? "unknown" : nick;
}

bool is_gray(VipsInterpretation space) {
    return space == VIPS_INTERPRETATION_B_W || space == VIPS_INTERPRETATION_GREY16;
}

bool is_deep(VipsInterpretation space) {
    return space == VIPS_INTERPRETATION_RGB16 || space == VIPS_INTERPRETATION_GREY16;
}

/// @throws api::Error for colours that the tasks do not know
VipsInterpretation color_space(VipsImage *image) {
    const VipsInterpretation space = vips_image_guess_interpretation(image);
    switch (space) {
    case VIPS_INTERPRETATION_sRGB:
    case VIPS_INTERPRETATION_RGB:
    case VIPS_INTERPRETATION_RGB16:
    case VIPS_INTERPRETATION_scRGB:
    case VIPS_INTERPRETATION_B_W:
    case VIPS_INTERPRETATION_GREY16:
        return space;
    default:
        refuse("the image is in the colour space '" + nick_of(VIPS_TYPE_INTERPRETATION, space) + "'",
               "Convert it to sRGB first, by colourspace or, where it has a profile, by icc_transform.");
    }
}

mirra_format format_of(VipsImage *image, VipsInterpretation space) {
    const VipsBandFormat format = vips_image_get_format(image);
    if (format == VIPS_FORMAT_FLOAT) return MIRRA_FORMAT_F32;
    const bool bytes = format == VIPS_FORMAT_UCHAR && !is_deep(space);
    const bool words = format == VIPS_FORMAT_USHORT && is_deep(space);
    if ((bytes || words) && space != VIPS_INTERPRETATION_scRGB)
        return bytes ? MIRRA_FORMAT_U8 : MIRRA_FORMAT_U16;
    refuse("samples of the format '" + nick_of(VIPS_TYPE_BAND_FORMAT, format) + "' in the colour space '" +
               nick_of(VIPS_TYPE_INTERPRETATION, space) + "' have no known range",
           "Make them uchar, ushort (rgb16, grey16) or float first, by colourspace or cast.");
}

std::unique_ptr<VipsRegion, void (*)(void *)> region_of(VipsImage *image) {
    std::unique_ptr<VipsRegion, void (*)(void *)> region(vips_region_new(image), g_object_unref);
    if (!region) throw VipsFailure();
    return region;
}

template<class Change> void each_real(const mirra_image &pixels, float scale, const Change &change) {
    if (pixels.format != MIRRA_FORMAT_F32 || scale == 1) return;
    for (int y = 0; y < pixels.height; ++y) {
        auto *const row = reinterpret_cast<float *>(static_cast<std::byte *>(pixels.planes[0].data) +
                                                    y * pixels.planes[0].row_stride);
        std::for_each(row, row + pixels.width * pixels.color, change);
    }
}

} // namespace

Samples samples_of(VipsImage *image) {
    const VipsInterpretation space = color_space(image);
    Samples samples{};
    samples.format = format_of(image, space);
    const int bands = vips_image_get_bands(image), alpha = vips_image_hasalpha(image) != 0 ? 1 : 0;
    const int colors = bands - alpha;
    if (colors != (is_gray(space) ? 1 : 3))
        refuse("the image has " + std::to_string(bands) + " bands",
               "One of gray or three of colour are filtered, with alpha or without: take them by "
               "extract_band.");
    samples.color = colors + alpha;
    samples.transfer = space == VIPS_INTERPRETATION_scRGB ? MIRRA_TRANSFER_LINEAR : MIRRA_TRANSFER_ENCODED;
    samples.scale = samples.format != MIRRA_FORMAT_F32 || space == VIPS_INTERPRETATION_scRGB ? 1.F
                    : is_deep(space)                                                         ? 65535.F
                                                                                             : 255.F;
    return samples;
}

mirra_image description_of(VipsImage *image, const Samples &samples) {
    auto description = api::make_struct<mirra_image>();
    description.width = vips_image_get_width(image);
    description.height = vips_image_get_height(image);
    description.format = samples.format;
    description.color = samples.color;
    description.transfer = samples.transfer;
    const void *profile = nullptr;
    std::size_t bytes = 0;
    // What is in scRGB has left its profile behind.
    if (samples.transfer == MIRRA_TRANSFER_ENCODED && vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0 &&
        vips_image_get_blob(image, VIPS_META_ICC_NAME, &profile, &bytes) == 0) {
        description.icc = profile;
        description.icc_bytes = bytes;
    }
    return description;
}

mirra_image described(const mirra_image &description, void *pixels, std::int64_t row_bytes, int width,
                      int height) {
    mirra_image image = description;
    const int sample = image.format == MIRRA_FORMAT_U8 ? 1 : image.format == MIRRA_FORMAT_U16 ? 2 : 4;
    image.width = width;
    image.height = height;
    image.plane_count = 1;
    image.planes[0] = {pixels, std::int64_t{sample} * image.color, row_bytes};
    return image;
}

void multiply(const mirra_image &pixels, float scale) {
    each_real(pixels, scale, [scale](float &value) { value *= scale; });
}

void read_rect(VipsImage *image, const Samples &samples, const mirra_rect &rect, const mirra_image &pixels) {
    const auto region = region_of(image); // a region belongs to one thread, and this may be any
    const VipsRect wanted{static_cast<int>(rect.x), static_cast<int>(rect.y), static_cast<int>(rect.width),
                          static_cast<int>(rect.height)};
    if (vips_region_prepare(region.get(), &wanted) != 0) throw VipsFailure();
    const std::size_t bytes = VIPS_IMAGE_SIZEOF_PEL(image) * static_cast<std::size_t>(wanted.width);
    for (int y = 0; y < wanted.height; ++y)
        std::memcpy(static_cast<std::byte *>(pixels.planes[0].data) + y * pixels.planes[0].row_stride,
                    VIPS_REGION_ADDR(region.get(), wanted.left, wanted.top + y), bytes);
    // Divided, so that white is 1 and not just beside it.
    each_real(pixels, samples.scale, [&](float &value) { value /= samples.scale; });
}

} // namespace mirra_vips
