// The noise of an image, in bounded memory.
#pragma once

#include "mirra/image.hpp"

namespace mirra::host {

/// Standard deviation in units of 1/255. Pictures above 4 megapixels are sampled: the median of five regions.
/// @throws Error invalid_argument (a side below 16 pixels)
double estimate_noise_level(const image::ConstImageView &view);

} // namespace mirra::host
