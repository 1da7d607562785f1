// Inversion by optimization: pixels whose features come as close as they can to those wanted.
#pragma once

#include "mirra/mirra_plugin.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace inverter {

namespace plugin = mirra::plugin;
using plugin::Host, plugin::Shape, plugin::Tensor;

struct DescentSettings {
    std::int64_t iterations = 0; ///< at most
    std::int64_t patience = 0;   ///< steps without progress after which it stops
    double rate = 0;             ///< Adam's
    double tolerance = 0;        ///< relative fall of the loss that counts as progress
    std::uint64_t seed = 0;      ///< of the start
};

struct Descent {
    Tensor image;            ///< {1, 3, H, W}, the best that was met
    std::vector<float> loss; ///< of each iteration: squared distance of the features over their squared norm
    double best_loss = 0;
};

/// Bytes per pixel that descend() holds beside the graph's own: pixels, two moments, gradient, best, and
/// tensors of them.
inline constexpr double kDescentBytesPerPixel = 3 * sizeof(float) * 8;

/// Adam over the pixels, kept to [0, 1], from gray with noise. The same seed gives the same start everywhere.
/// Reports each step and shows the picture now and then.
/// @param target  features of `layer`, an output of the graph `encoder`
/// @throws Failed, also where the run shall stop
Descent descend(const Host &host, const DescentSettings &settings, const std::string &encoder,
                const std::string &layer, const Tensor &target, const Shape &image_shape);

} // namespace inverter
