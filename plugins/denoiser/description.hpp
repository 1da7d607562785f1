// What the task "denoise" says of itself.
#pragma once

#include "mirra/mirra_plugin.hpp"

#include <cstdint>

namespace denoiser {

namespace plugin = mirra::plugin;

inline constexpr const char *kAuto = "auto", *kSrgb = "srgb", *kLinear = "linear";

/// Everything but the functions.
mirra_task describe_task() noexcept;

} // namespace denoiser
