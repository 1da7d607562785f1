#include "layer_sequence.hpp"

namespace mirra::trainer::importer {

void append_sequence(graph::Builder &b, std::string x, const std::string &prefix,
                     std::span<const Layer> layers, const Tap &tap) {
    std::int64_t channels = 3;
    int index = 0;
    const auto next = [&] { return prefix + std::to_string(index++); };
    for (const auto &layer : layers) {
        if (layer.channels == kPool) {
            x = b.max_pool(x, layer.kernel, layer.stride, next());
        } else {
            x = b.conv2d(x,
                         {.in = channels,
                          .out = layer.channels,
                          .kernel = layer.kernel,
                          .stride = layer.stride,
                          .padding = layer.padding,
                          .bias = true},
                         next());
            x = b.relu(x, next());
            channels = layer.channels;
        }
        if (!layer.tap.empty()) tap(layer.tap, x, channels);
    }
}

} // namespace mirra::trainer::importer
