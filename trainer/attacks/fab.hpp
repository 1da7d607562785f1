// FAB-T, the targeted Fast Adaptive Boundary attack (Croce and Hein 2020): the nearest adversarial image.
#pragma once

#include "attacks/attack.hpp"

namespace mirra::trainer {

struct FabOptions {
    Budget budget;            ///< an image is done once it is fooled within epsilon; 0 searches to the end
    int iterations = 100;     ///< a target class
    std::int64_t targets = 9; ///< classes tried, at most K - 1
    double alpha_max = 0.1;   ///< largest pull back to the image
    double eta = 1.05;        ///< overshoot beyond the boundary
    double beta = 0.9;        ///< backward step after a success
};

/// Deterministic: it starts at the images.
/// @param images  [N, 3, H, W] fp32 in [0, 1]; @param labels  int64 [N]
/// @returns the nearest misclassified image found, also where it is beyond epsilon; the image itself where
/// none
///     was found
torch::Tensor fab_targeted(const Classifier &classifier, const torch::Tensor &images,
                           const torch::Tensor &labels, const FabOptions &options);

/// The smallest move d of every point in the norm with normal . d = -offset and point + d in [0, 1]; where
/// the hyperplane misses the box, the move to the corner nearest to it.
/// @param points  [N, C, H, W] in [0, 1]
/// @param normals  of the hyperplanes, like the points; @param offsets  [N]: normal . point - bias
torch::Tensor moves_onto_hyperplane(const torch::Tensor &points, const torch::Tensor &normals,
                                    const torch::Tensor &offsets, Norm norm);

} // namespace mirra::trainer
