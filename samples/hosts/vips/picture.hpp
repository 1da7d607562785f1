// What an image of libvips is to Mirra.
#pragma once

#include "filters.hpp"

#include <vips/vips.h>

#include <stdexcept>

namespace mirra_vips {

namespace api = mirra::api;

/// libvips failed, and has said why in its error buffer.
struct VipsFailure : std::runtime_error {
    VipsFailure() : std::runtime_error("libvips failed") {}
};

/// How the samples of an image are to be read.
struct Samples {
    mirra_format format;
    mirra_color color;
    mirra_transfer transfer;
    float scale; ///< of real numbers: the value that stands for white
};

/// @throws api::Error for an image that must be converted first, with the way to do that
Samples samples_of(VipsImage *image);

/// Size, format, colour and profile of an image, without planes.
mirra_image description_of(VipsImage *image, const Samples &samples);
/// The same with pixels, one behind the other in rows that are `row_bytes` apart.
mirra_image described(const mirra_image &description, void *pixels, std::int64_t row_bytes, int width,
                      int height);

/// Brings real numbers from Mirra's scale to libvips's.
void multiply(const mirra_image &pixels, float scale);

/// Reads a rectangle of an image on any thread. @throws VipsFailure
void read_rect(VipsImage *image, const Samples &samples, const mirra_rect &rect, const mirra_image &pixels);

} // namespace mirra_vips
