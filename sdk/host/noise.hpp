// The noise of an image, in bounded memory.
#pragma once

#include "mirra/image.hpp"

#include <functional>

namespace mirra::host {

/// Standard deviation in units of 1/255, of the pixels as tasks see them. Pictures above 4 megapixels (those
/// in linear light or with premultiplied alpha: above 1) are sampled: the median of five regions.
/// @param between  called before, between and after the regions; what it throws ends the estimate
/// @throws Error invalid_argument (a side below 16 pixels)
double estimate_noise_level(const image::ConstImageView &view, const std::function<void()> &between = [] {});

} // namespace mirra::host
