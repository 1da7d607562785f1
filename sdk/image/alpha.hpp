// The alpha of a picture's pixels.
#pragma once

#include "mirra/image.hpp"

#include <vector>

namespace mirra::image {

/// Of a rectangle inside of the picture; 1 where it has none.
inline std::vector<float> alpha_of(ConstImageView view, const Rect &rect) {
    std::vector<float> alpha(static_cast<std::size_t>(rect.width) * static_cast<std::size_t>(rect.height),
                             1.0F);
    if (!view.has_alpha()) return alpha;
    view.data[0] = view.data[static_cast<std::size_t>(view.channels) - 1];
    view.channels = 1;
    view.alpha = AlphaMode::none;
    gather(view, rect, alpha, 1);
    return alpha;
}

} // namespace mirra::image
