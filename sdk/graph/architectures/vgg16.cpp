// VGG-16 in torchvision's layout (configuration D), up to conv5_1 and its ReLU as an encoder. The first
// convolution of each block, after its ReLU, is a tap.
#include "classifiers.hpp"

namespace mirra::graph {
namespace {

constexpr std::int64_t kPool = 0;
constexpr std::int64_t kLayers[] = {64,    64,  kPool, 128, 128,   kPool, 256, 256, 256,
                                    kPool, 512, 512,   512, kPool, 512,   512, 512, kPool};
constexpr std::string_view kDeepest = "conv5_1"; ///< the layer that the paper inverts

} // namespace

ClassifierTrunk append_vgg16(Builder &b, const std::string &pixels, const ClassifierOptions &options,
                             bool head) {
    ClassifierTrunk trunk;
    std::string x = pixels, room = "encoder.features.";
    std::int64_t channels = 3;
    int index = 0, block = 1, convolution = 0;
    const auto next = [&] { return room + std::to_string(index++); };
    for (const auto layer : kLayers) {
        if (layer == kPool) {
            x = b.max_pool(x, 2, 2, next());
            ++block;
            convolution = 0;
            continue;
        }
        const auto out = scaled_channels(layer, options.width);
        x = b.conv2d(x, {.in = channels, .out = out, .bias = true}, next());
        if (options.batch_norm) x = b.batch_norm(x, out, next());
        x = b.relu(x, next());
        channels = out;
        if (++convolution != 1) continue;
        trunk.taps.push_back({"conv" + std::to_string(block) + "_1", x});
        if (trunk.taps.back().name != kDeepest) continue;
        if (!head) return trunk;
        room = "head.features.";
    }
    std::vector<std::string> names{"head.classifier.0", "head.classifier.3"};
    names.resize(options.hidden.size());
    names.emplace_back("head.classifier.6");
    trunk.logits = append_linear_head(b, x, channels, options, names);
    return trunk;
}

} // namespace mirra::graph
