// Heat maps as pictures.
#pragma once

#include "settings.hpp"

#include <vector>

namespace anomaly {

/// Bytes per pixel of the image that draw_heat() takes.
inline constexpr std::uint64_t kDrawingBytesPerPixel = (3 * 3 + 3) * sizeof(float);

/// A heat map in the size of the image. The middle of the scale is the level of the threshold, or half of the
/// map's largest value where there is no threshold.
/// @param heat   extent x extent
/// @param image  {1, 3, height, width}
Tensor draw_heat(const Host &host, const Settings &settings, const std::vector<float> &heat,
                 const mirra_tensor *image);

} // namespace anomaly
