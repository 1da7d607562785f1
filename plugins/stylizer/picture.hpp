// The last step of a tile: colours and masks.
#pragma once

#include "styles.hpp"

namespace stylizer {

/// @param content, styled  {1, 3, h, w} of the tile's input
/// @return `styled` with the content's colours if the settings say so, and where no style applies the content
Tensor finish_picture(const Host &host, const Settings &settings, const std::vector<Style> &styles,
                      const mirra_tile &tile, const mirra_tensor *content, Tensor styled);

} // namespace stylizer
