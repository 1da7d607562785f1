// What the task "detect" says of itself, and the names that its parts share.
#pragma once

#include "mirra/mirra_plugin.hpp"

namespace anomaly {

namespace plugin = mirra::plugin;

inline constexpr const char *kImage = "image";
inline constexpr const char *kBatch = "batch";
inline constexpr const char *kHeatmap = "heatmap";
inline constexpr const char *kHeat = "heat";
inline constexpr const char *kScores = "scores";
inline constexpr const char *kAuto = "auto";
inline constexpr const char *kLatentSearch = "latent-search";
inline constexpr const char *kReconstruction = "reconstruction";
inline constexpr const char *kFeatureMemory = "feature-memory";
inline constexpr const char *kSegmentation = "segmentation";

/// Everything but the functions.
mirra_task describe_task() noexcept;

} // namespace anomaly
