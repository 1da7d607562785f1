// The pictures of an anomaly detector's training.
#pragma once

#include "data/picture_set.hpp"
#include "runtime/torch/libtorch.hpp"
#include "tasks/anomaly.hpp"
#include "tasks/anomaly_recipe.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mirra::trainer {

/// All at the recipe's extent.
struct AnomalyPictures {
    std::shared_ptr<PictureSet> training, normal; ///< normal: held out, to calibrate with
    std::shared_ptr<PictureSet> bad;              ///< null: none were given
    std::string source;                           ///< source_fingerprint() of the data
};

using Stores = std::vector<PictureStore>;

/// Of the data as a whole, whatever is taken of it; as the bundle's manifest records it.
std::string source_fingerprint(const Stores &stores);

/// Decodes every picture once, so that what is wrong with them shows before the training.
/// @throws Error not_found | invalid_argument (too few, an unknown class) | corrupt
AnomalyPictures open_anomaly_pictures(const AnomalyCommand &command, const AnomalyRecipe &settings);

/// Pictures {N, 3, extent, extent} of a set whose pictures have that extent, evenly spaced; fewer where some
/// cannot be read.
torch::Tensor picture_tensor(PictureSet &set, std::int64_t extent, std::int64_t count);

} // namespace mirra::trainer
