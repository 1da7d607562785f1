// What the task "invert" says of itself, and the names that its parts share.
#pragma once

#include "mirra/mirra_plugin.hpp"

namespace inverter {

namespace plugin = mirra::plugin;

inline constexpr const char *kImage = "image";
inline constexpr const char *kMix = "mix";
inline constexpr const char *kFeaturesIn = "features_in";
inline constexpr const char *kFeaturesOut = "features_out";
inline constexpr const char *kAuto = "auto";
inline constexpr const char *kGenerator = "generator";
inline constexpr const char *kOptimize = "optimize";

/// Everything but the functions.
mirra_task describe_task() noexcept;

} // namespace inverter
