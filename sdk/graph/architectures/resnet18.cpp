// ResNet-18 for 32 x 32 pictures: no pooling in the stem, four stages of two basic blocks.
#include "classifiers.hpp"

namespace mirra::graph {
namespace {

constexpr std::int64_t kStages[] = {64, 128, 256, 512};

struct Block {
    std::int64_t in, out, stride;
    std::string name;
};

std::string append_block(Builder &b, const std::string &x, const Block &block) {
    const auto &[in, out, stride, name] = block;
    auto y = b.conv2d(x, {.in = in, .out = out, .stride = stride}, name + ".conv1");
    y = b.relu(b.batch_norm(y, out, name + ".bn1"), name + ".relu1");
    y = b.batch_norm(b.conv2d(y, {.in = out, .out = out}, name + ".conv2"), out, name + ".bn2");
    auto skip = x;
    if (stride != 1 || in != out) {
        skip = b.conv2d(x, {.in = in, .out = out, .kernel = 1, .stride = stride, .padding = 0},
                        name + ".shortcut.0");
        skip = b.batch_norm(skip, out, name + ".shortcut.1");
    }
    return b.relu(b.add(y, skip, name + ".add"), name + ".relu2");
}

} // namespace

ClassifierTrunk append_resnet18(Builder &b, const std::string &pixels, const ClassifierOptions &options,
                                bool head) {
    ClassifierTrunk trunk;
    auto channels = scaled_channels(kStages[0], options.width);
    auto x = b.conv2d(pixels, {.in = 3, .out = channels}, "encoder.conv1");
    x = b.relu(b.batch_norm(x, channels, "encoder.bn1"), "encoder.relu1");
    for (int stage = 0; stage < 4; ++stage) {
        const auto name = "layer" + std::to_string(stage + 1);
        for (int block = 0; block < 2; ++block) {
            const auto out = scaled_channels(kStages[stage], options.width);
            const std::int64_t stride = stage > 0 && block == 0 ? 2 : 1;
            x = append_block(b, x, {channels, out, stride, "encoder." + name + "." + std::to_string(block)});
            channels = out;
        }
        if (stage >= 2) trunk.taps.push_back({name, x});
    }
    if (head)
        trunk.logits = b.linear(b.flatten(b.global_avg_pool(x, "head.pool"), "head.flatten"), channels,
                                options.classes, "head.linear");
    return trunk;
}

} // namespace mirra::graph
