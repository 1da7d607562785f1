// What a run does: parameters, and the levels of the bundle that they name.
#pragma once

#include "../common/feature_map.hpp"

#include <string>
#include <vector>

namespace stylizer {

namespace plugin = mirra::plugin;
using plugin::Host, plugin::Shape, plugin::Tensor;

/// A layer on which the style is put, and its graphs.
struct Level {
    std::string name;
    std::string encoder;     ///< image -> features
    std::string generator;   ///< features -> image
    std::string autoencoder; ///< encoder and generator in one
    double strength = 1;
    double detail = 0; ///< how much comes back of what encoder and generator lose of a picture
    double edges = 0;  ///< how far its picture is held to the edges of the image
    common::FeatureGrid grid;

    /// Pixels from one feature to the next.
    [[nodiscard]] std::int64_t stride() const;
};

/// What pictures are brought to before they are encoded, whichever the levels at work are.
struct PixelGrid {
    std::int64_t alignment = 1, least = 1; ///< extents are multiples of the one and at least the other
    [[nodiscard]] std::int64_t padded(std::int64_t extent) const;
};

struct Settings {
    std::vector<Level> levels; ///< that have a strength, in the order in which they are applied
    PixelGrid pixels;
    double style_scale = 1;
    double epsilon = 0;      ///< see whiten_and_color()
    std::int64_t margin = 0; ///< around the image
    bool preserve_color = false;
};

/// Of the task "stylize". @throws Failed mismatch (bundle) | not_found | invalid_argument (levels)
Settings read_settings(const Host &host);
/// Of the task "style-prepare". @throws Failed likewise
Settings read_prepare_settings(const Host &host);

} // namespace stylizer
