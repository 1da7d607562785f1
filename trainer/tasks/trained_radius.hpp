// The perturbations that an encoder was trained against, from its manifest.
#pragma once

#include "mirra/bundle.hpp"

#include <optional>
#include <string>

namespace mirra::trainer {

struct TrainedRadius {
    std::string norm;   ///< l2 | linf
    double epsilon = 0; ///< on pixels in [0, 1]; 0: standard training
};

/// Nothing where the manifest does not tell: an imported encoder.
std::optional<TrainedRadius> trained_radius(const bundle::Manifest &manifest);

} // namespace mirra::trainer
