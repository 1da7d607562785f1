// WRN-28-10 (Zagoruyko and Komodakis 2016) for 32 x 32 pictures: batch norm and ReLU before each convolution.
#include "classifiers.hpp"

namespace mirra::graph {
namespace {

constexpr std::int64_t kStem = 16;
constexpr std::int64_t kStages[] = {160, 320, 640};

struct Block {
    std::int64_t in, out, stride;
    std::string name;
};

std::string append_block(Builder &b, const std::string &x, const Block &block) {
    const auto &[in, out, stride, name] = block;
    const auto activated = b.relu(b.batch_norm(x, in, name + ".bn1"), name + ".relu1");
    auto y = b.conv2d(activated, {.in = in, .out = out, .stride = stride}, name + ".conv1");
    y = b.relu(b.batch_norm(y, out, name + ".bn2"), name + ".relu2");
    y = b.conv2d(y, {.in = out, .out = out}, name + ".conv2");
    if (in == out) return b.add(y, x, name + ".add");
    const auto skip = b.conv2d(activated, {.in = in, .out = out, .kernel = 1, .stride = stride, .padding = 0},
                               name + ".shortcut");
    return b.add(y, skip, name + ".add");
}

} // namespace

ClassifierTrunk append_wrn_28_10(Builder &b, const std::string &pixels, const ClassifierOptions &options,
                                 bool head) {
    ClassifierTrunk trunk;
    auto channels = kStem;
    auto x = b.conv2d(pixels, {.in = 3, .out = channels}, "encoder.conv1");
    for (int stage = 0; stage < 3; ++stage) {
        const auto name = "block" + std::to_string(stage + 1);
        for (std::int64_t block = 0; block < options.blocks; ++block) {
            const auto out = scaled_channels(kStages[stage], options.width);
            const std::int64_t stride = stage > 0 && block == 0 ? 2 : 1;
            x = append_block(b, x,
                             {channels, out, stride, "encoder." + name + ".layer." + std::to_string(block)});
            channels = out;
        }
        if (stage == 1) trunk.taps.push_back({name, x});
    }
    trunk.taps.push_back({"block3_raw", x});
    x = b.relu(b.batch_norm(x, channels, "encoder.bn1"), "encoder.relu");
    trunk.taps.push_back({"block3", x});
    if (head)
        trunk.logits = b.linear(b.flatten(b.global_avg_pool(x, "head.pool"), "head.flatten"), channels,
                                options.classes, "head.fc");
    return trunk;
}

} // namespace mirra::graph
