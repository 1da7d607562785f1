// The image that an operation makes.
#pragma once

#include "filters.hpp"

#include <vips/vips.h>

namespace mirra_vips {

/// A new image with the result of a filter, whose pixels are computed as they are asked for: tile by tile
/// where the task allows it, or else the whole picture at the first of them. The caller unrefs it. `watched`
/// is the image whose kill flag stops the work.
/// @throws api::Error, VipsFailure
VipsImage *filtered(mirra_filters::Filters &filters, const mirra_filters::Filter &filter,
                    const mirra_filters::Values &values, VipsImage *in, VipsImage *watched);

} // namespace mirra_vips
