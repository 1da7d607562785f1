// The features of a tile: where they lie in those of the whole image, and what is done to them.
#pragma once

#include "settings.hpp"

namespace inverter {

using common::FeatureMap;

/// Of the image at hand.
/// @throws Failed mismatch (the shape of the features that were given)
FeatureMap map_features(const Host &host, const Settings &settings);

/// What a tile's picture is to be made from: its own features, or those given, or between; then edited.
Tensor features_of_tile(const Host &host, const Settings &settings, const FeatureMap &map,
                        const mirra_tile &tile, const mirra_tensor *pixels);

/// Puts what the core has to itself into the result.
void give_out(const Host &host, const FeatureMap &map, const mirra_tile &tile, const Tensor &features);

} // namespace inverter
