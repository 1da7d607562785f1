// A filter's run over buffers of GEGL. Pixels keep their depth, their curve, their profile and their alpha.
#pragma once

#include <filters.hpp>

#include <gegl.h>

#include <cstddef>
#include <vector>

namespace mirra_gegl {

namespace api = mirra_filters::api;

/// A format of babl that Mirra takes, and what it is to Mirra.
struct Layout {
    const Babl *format;         ///< interleaved: Y or RGB, with alpha or without, of 8 or 16 bits or floats
    const Babl *opaque;         ///< the same without alpha; `format` where that has none
    mirra_image image;          ///< of `format`: no size, and no pixels
    std::vector<std::byte> icc; ///< of the pixels; empty: sRGB
};

/// The layout that is the nearest to a format: indexed colours, CMYK and the like become RGB.
/// colored: RGB also where the format is gray
Layout layout_of(const Babl *format, bool colored);

/// Size of the output for an input of `extent`.
/// @throws api::Error
GeglRectangle output_extent(const mirra_filters::Lease &lease, const GeglRectangle &extent);

/// What of an input of `extent` a region of the output depends on.
/// @throws api::Error
GeglRectangle required(const mirra_filters::Lease &lease, const GeglRectangle &extent,
                       const GeglRectangle &region);

/// Makes `region` of the output, which begins where the input does: at the corner of `extent`. Of `from`,
/// what required() says must be there. It is read and `to` is written in pieces, unless the input has
/// transparent pixels. `options.region` is not looked at.
/// @throws api::Error, or what a callback of `options` threw
api::Result run(const mirra_filters::Lease &lease, GeglBuffer *from, const GeglRectangle &extent,
                GeglBuffer *to, const GeglRectangle &region, api::RunOptions options = {});

} // namespace mirra_gegl
