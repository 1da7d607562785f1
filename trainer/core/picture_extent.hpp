// Whether a network takes pictures of a size, before anything is computed.
#pragma once

#include "mirra/graph.hpp"

#include <cstdint>
#include <string>

namespace mirra::trainer {

/// Of square pictures, for a network whose one input is a picture.
/// @param setting  the key of the recipe or the option that states the extent
/// @throws Error invalid_argument, with the extents that it takes
void check_extent(const graph::Graph &network, std::int64_t extent, const std::string &setting);

/// That batch norm has two values of a channel at least in each step of a training: the variance of one is
/// none.
/// @param setting  that of the batch
/// @throws Error invalid_argument
void check_batch(const graph::Graph &network, std::int64_t extent, std::int64_t batch,
                 const std::string &setting);

} // namespace mirra::trainer
