// What a run does: parameters, the layer that they name, the ports that are given.
#pragma once

#include "../common/feature_map.hpp"
#include "descent.hpp"

#include <string>
#include <vector>

namespace inverter {

namespace plugin = mirra::plugin;

inline constexpr const char *kEncoder = "encoder";

/// A layer of the encoder, and the graphs that go with it.
struct Layer {
    std::string name;        ///< output of the encoder
    std::string generator;   ///< features -> image; "" where no network inverts the layer
    std::string autoencoder; ///< encoder and generator in one
    common::FeatureGrid grid;
};

struct ChannelEdit {
    std::int64_t channel = 0;
    double factor = 1;
};

struct Settings {
    Layer layer;
    std::vector<ChannelEdit> edits;
    DescentSettings descent;
    bool optimize = false;
    bool mix = false, features_in = false, features_out = false; ///< ports
    double t = 1; ///< weight of the other features; 0 where there are none

    /// Whether the features must be at hand: to be changed, given out, or compared with.
    [[nodiscard]] bool needs_features() const {
        return optimize || mix || features_in || features_out || !edits.empty();
    }
};

/// @throws Failed mismatch (bundle) | not_found (layer) | invalid_argument (channels, ports)
Settings read_settings(const Host &host);

} // namespace inverter
