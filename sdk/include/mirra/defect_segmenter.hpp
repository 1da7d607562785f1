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

/// Heights and widths of a picture's places that a memory of pictures compares.
inline constexpr std::int64_t kPicturePlaces = 2;

/// What a picture looks like to the network as a whole: "normalised" -> "features" [N,C,2,2], the means over
/// 2 x 2 places of the deepest maps and of those on the way up, but the finest. @throws Error
/// invalid_argument
Graph picture_features(const std::vector<std::int64_t> &channels);

/// How the features of pictures are compared with those of good pictures.
struct PictureMemory {
    std::vector<double> mean, deviation; ///< of each feature
    std::int64_t codes = 0;              ///< channels that the features are brought to
    std::int64_t members = 0;            ///< of each place
};

/// The network with a memory of good pictures. Outputs: "logits"; "codes" p [N,codes,2,2]; "similarity" to
/// the members m of each place in turn, p m - |m|^2 / 2 [N,4 members,2,2]. Its weights are
/// "picture_memory.codes" and "picture_memory.members". @throws Error invalid_argument
Graph defect_segmenter(const std::vector<std::int64_t> &channels, const PictureMemory &memory);

} // namespace mirra::graph
