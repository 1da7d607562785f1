// Whether a network takes pictures of a size, before anything is computed.
#pragma once

#include "mirra/graph.hpp"

#include <string>

namespace mirra::trainer {

/// Of square pictures, for a network whose one input is a picture.
/// @param setting  the key of the recipe or the option that states the extent
/// @throws Error invalid_argument, with the extents that it takes
void check_extent(const graph::Graph &network, std::int64_t extent, const std::string &setting);

} // namespace mirra::trainer
