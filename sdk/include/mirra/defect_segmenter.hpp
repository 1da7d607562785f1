// The network of the anomaly detector's method "segmentation".
#pragma once

#include "mirra/graph.hpp"

#include <cstdint>
#include <vector>

namespace mirra::graph {

/// A U-Net that marks defects. Input "normalised" [N,3,H,W]: a picture less its mean, divided by its
/// deviation; output "logits" [N,1,H,W], log-odds of each pixel. Extents: multiples of 2^levels.
/// @param channels  at 1/2, 1/4, 1/8 ... of the picture @throws Error invalid_argument
Graph defect_segmenter(const std::vector<std::int64_t> &channels);

} // namespace mirra::graph
