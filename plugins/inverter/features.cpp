// The features that a tile is made of: encoded, given by the caller, mixed, edited.
#include "features.hpp"

#include "description.hpp"

namespace inverter {
namespace {

void check_given(const Host &host, const Settings &settings, const Shape &wanted) {
    const auto given = host.port_shape(kFeaturesIn);
    if (given == std::vector<std::int64_t>(wanted.begin(), wanted.end()))
        return host.require_finite(kFeaturesIn, "Give features without NaN and infinity.");
    const mirra_run_info info = host.run_info();
    host.fail(MIRRA_E_MISMATCH,
              "the features have the shape " + plugin::to_text(given) + "; those of the layer '" +
                  settings.layer.name + "' are " + plugin::to_text(wanted) + " for an image of " +
                  std::to_string(info.width) + " x " + std::to_string(info.height) + " pixels",
              kFeaturesIn, "Give features of this layer, and an image of the size that they are for.");
}

/// Features of a picture of the tile's extents.
Tensor encoded(const Host &host, const Layer &layer, const mirra_tensor *pixels) {
    const Shape tile = host.shape(pixels);
    return host.shaped(host.run_graph(kEncoder, kImage, pixels, layer.name),
                       host.output_shape(kEncoder, layer.name, tile[2], tile[3]), kEncoder);
}

/// Those to mix with: of the second image, or from the caller.
Tensor other_features(const Host &host, const Settings &settings, const FeatureMap &map,
                      const mirra_tile &tile) {
    if (settings.mix)
        return encoded(host, settings.layer,
                       host.port_image(kMix, plugin::make_rect(tile.input_x, tile.input_y, tile.input_width,
                                                               tile.input_height))
                           .get());
    const Shape own = host.output_shape(kEncoder, settings.layer.name, tile.input_height, tile.input_width);
    return host.port_part(kFeaturesIn, map.window(tile, own[3], own[2]));
}

Tensor edited(const Host &host, const Settings &settings, Tensor features) {
    if (settings.edits.empty()) return features;
    std::vector<float> factors(static_cast<std::size_t>(settings.layer.grid.channels), 1.0F);
    for (const ChannelEdit &edit : settings.edits)
        factors[static_cast<std::size_t>(edit.channel)] = static_cast<float>(edit.factor);
    const Tensor scale = host.upload(factors, {1, settings.layer.grid.channels, 1, 1});
    return host.binary(MIRRA_BINARY_MULTIPLY, features.get(), scale.get());
}

} // namespace

FeatureMap map_features(const Host &host, const Settings &settings) {
    FeatureMap map = common::feature_map(host, settings.layer.grid, kEncoder, settings.layer.name);
    if (settings.features_in) check_given(host, settings, map.shape());
    return map;
}

Tensor features_of_tile(const Host &host, const Settings &settings, const FeatureMap &map,
                        const mirra_tile &tile, const mirra_tensor *pixels) {
    if (settings.t == 0) return edited(host, settings, encoded(host, settings.layer, pixels));
    Tensor other = other_features(host, settings, map, tile);
    if (settings.t == 1) return edited(host, settings, std::move(other));
    const Tensor own = host.scaled(encoded(host, settings.layer, pixels).get(), 1 - settings.t);
    other = host.scaled(other.get(), settings.t);
    return edited(host, settings, host.binary(MIRRA_BINARY_ADD, own.get(), other.get()));
}

void give_out(const Host &host, const FeatureMap &map, const mirra_tile &tile, const Tensor &features) {
    const mirra_rect core = map.core(tile);
    if (core.width < 1 || core.height < 1) return;
    const mirra_rect window = map.window(tile, 1, 1);
    host.set_result_part(kFeaturesOut, map.shape(), features,
                         plugin::make_rect(core.x - window.x, core.y - window.y, core.width, core.height),
                         core.x, core.y);
}

} // namespace inverter
