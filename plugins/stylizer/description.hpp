// What the tasks "stylize" and "style-prepare" say of themselves, and the names that their parts share.
#pragma once

#include "mirra/mirra_plugin.hpp"

#include <array>

namespace stylizer {

namespace plugin = mirra::plugin;

inline constexpr const char *kImage = "image";
inline constexpr const char *kFeatures = "features";
inline constexpr const char *kStatistics = "statistics";
inline constexpr const char *kAuto = "auto";
inline constexpr int kColors = 3;

/// The ports and the parameter of one style; the host numbers those of a series so.
struct StyleNames {
    const char *style, *statistics, *mask, *weight;
};
inline constexpr std::array kStyleNames{
    StyleNames{"style", kStatistics, "mask", "weight"},
    StyleNames{"style_2", "statistics_2", "mask_2", "weight_2"},
    StyleNames{"style_3", "statistics_3", "mask_3", "weight_3"},
    StyleNames{"style_4", "statistics_4", "mask_4", "weight_4"},
};

/// Everything but the functions.
mirra_task describe_stylize() noexcept;
mirra_task describe_prepare() noexcept;

} // namespace stylizer
