// The methods of the task "detect", by the names that its parameter has.
#pragma once

#include <string>
#include <vector>

namespace mirra::trainer {

inline const std::string kLatentSearch = "latent-search", kReconstruction = "reconstruction",
                         kFeatureMemory = "feature-memory", kSegmentation = "segmentation";
inline const std::vector<std::string> kAnomalyMethods{kLatentSearch, kReconstruction, kFeatureMemory,
                                                      kSegmentation};

} // namespace mirra::trainer
