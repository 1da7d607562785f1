// The plugin that brings the task "invert": image -> features -> picture.
#include "description.hpp"
#include "features.hpp"
#include "mirra/mirra_plugin.hpp"

#include <cmath>

namespace inverter {
namespace {

/// One session's state.
class Inverter {
  public:
    void configure(const Host &host, mirra_setup &setup);
    void begin(const Host &host);
    [[nodiscard]] Tensor process(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels) const;

  private:
    [[nodiscard]] double extra_bytes_per_pixel() const;
    [[nodiscard]] Tensor optimize(const Host &host, const Tensor &target, const mirra_tensor *pixels) const;

    Settings settings_;
    FeatureMap map_;
    mirra_graph_use encoder_use_{};
};

double Inverter::extra_bytes_per_pixel() const {
    // Features: own, other, both weighted, their sum, edited; and in a descent the difference and its square.
    constexpr double kFeatureTensors = 6, kDescentTensors = 4;
    // The second image's tile, and what it is uploaded from.
    constexpr double kMixBytes = 2 * 3 * sizeof(float);
    if (!settings_.needs_features()) return 0;
    const double features = settings_.layer.grid.bytes_per_pixel();
    return kFeatureTensors * features + (settings_.mix ? kMixBytes : 0) +
           (settings_.optimize ? kDescentBytesPerPixel + kDescentTensors * features : 0);
}

void Inverter::configure(const Host &host, mirra_setup &setup) {
    settings_ = read_settings(host);
    const Layer &layer = settings_.layer;
    setup.graph = layer.autoencoder.empty() ? kEncoder : layer.autoencoder.c_str();
    // The encoder counts whether it runs on its own or not, so that every method sees the same tiles.
    encoder_use_ = {sizeof(mirra_graph_use),
                    settings_.optimize ? std::uint32_t{MIRRA_GRAPH_USE_GRADIENT} : 0U,
                    kEncoder,
                    0,
                    0,
                    0};
    setup.uses = &encoder_use_;
    setup.use_count = 1;
    if (settings_.optimize) setup.flags |= MIRRA_SETUP_WHOLE_IMAGE;
    setup.extra_bytes_per_pixel = static_cast<std::uint64_t>(std::ceil(extra_bytes_per_pixel()));
    if (settings_.features_out && setup.width > 0) {
        const Shape shape = host.output_shape(kEncoder, layer.name, setup.height, setup.width);
        setup.extra_bytes = static_cast<std::uint64_t>(shape[1] * shape[2] * shape[3]) * sizeof(float);
    }
}

void Inverter::begin(const Host &host) {
    map_ = map_features(host, settings_);
}

Tensor Inverter::optimize(const Host &host, const Tensor &target, const mirra_tensor *pixels) const {
    Descent descent =
        descend(host, settings_.descent, kEncoder, settings_.layer.name, target, host.shape(pixels));
    host.set_result("iterations", static_cast<std::int64_t>(descent.loss.size()));
    host.set_result("feature_distance", std::sqrt(descent.best_loss));
    host.set_result("loss", host.upload(descent.loss, {static_cast<std::int64_t>(descent.loss.size())}));
    return std::move(descent.image);
}

Tensor Inverter::process(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels) const {
    const Shape wanted = host.shape(pixels);
    const Layer &layer = settings_.layer;
    if (!settings_.needs_features())
        return host.shaped(host.run_graph(layer.autoencoder, kImage, pixels, kImage), wanted,
                           layer.autoencoder);
    const Tensor features = features_of_tile(host, settings_, map_, tile, pixels);
    if (settings_.features_out) give_out(host, map_, tile, features);
    if (settings_.optimize) return optimize(host, features, pixels);
    return host.shaped(host.run_graph(layer.generator, "features", features.get(), kImage), wanted,
                       layer.generator);
}

void bring_tasks(plugin::Registry &tasks) {
    tasks.require({MIRRA_PLUGIN_FUNCTION(describe_param)}); // the last that it calls
    tasks.add<Inverter>(describe_task());
}

} // namespace
} // namespace inverter

MIRRA_PLUGIN("org.mirra.inverter", MIRRA_VERSION_TEXT, inverter::bring_tasks)
