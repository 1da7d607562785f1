// The styles of a run.
#pragma once

#include "description.hpp"
#include "settings.hpp"
#include "whitening_coloring.hpp"

namespace stylizer {

/// A style that applies somewhere.
struct Style {
    const StyleNames *names = nullptr;
    double weight = 1;
    bool masked = false;
    std::vector<Statistics> statistics;    ///< of each level of the settings
    std::vector<std::vector<float>> cells; ///< its mask on the features of each level; none where not masked
};

/// Those that were given, less those that a weight or a mask of zero takes away.
/// @throws Failed invalid_argument: ports that do not go together | mismatch: a prepared style of another
/// bundle
std::vector<Style> read_styles(const Host &host, const Settings &settings);

/// The styles at one level, by its index; they point into `styles`.
std::vector<LevelStyle> at_level(const std::vector<Style> &styles, std::size_t level);

} // namespace stylizer
