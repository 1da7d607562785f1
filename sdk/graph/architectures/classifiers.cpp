// The table of classification networks, and AlexNet's and VGG-16's common head.
#include "classifiers.hpp"

#include "alexnet.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ranges>

namespace mirra::graph {
namespace {

struct Architecture {
    std::string_view name;
    ClassifierBuilder append;
};

constexpr std::array kArchitectures{
    Architecture{"alexnet", append_alexnet},
    Architecture{"vgg16", append_vgg16},
    Architecture{"resnet18", append_resnet18},
    Architecture{"wrn-28-10", append_wrn_28_10},
};

const Architecture &find(const std::string &name) {
    const auto found = std::ranges::find(kArchitectures, name, &Architecture::name);
    if (found != kArchitectures.end()) return *found;
    std::string names;
    for (const auto &each : kArchitectures) names += (names.empty() ? "" : ", ") + std::string(each.name);
    throw Error(ErrorCode::invalid_argument, "unknown architecture '" + name.substr(0, 80) + "'", "arch",
                "one of: " + names);
}

Graph build(const ClassifierOptions &options, bool head) {
    Builder b(head ? "classifier" : "encoder");
    const auto image = b.input("image", 3);
    const std::string scaled = "encoder.scaled";
    const auto pixels = options.normalisation ? append_normalisation(b, image, *options.normalisation, scaled)
                                              : append_input_transform(b, image, options.transform, scaled);
    const auto trunk = find(options.architecture).append(b, pixels, options, head);
    if (head)
        b.output("logits", trunk.logits);
    else
        for (const auto &tap : trunk.taps) b.output(tap.name, tap.source);
    return b.finish();
}

} // namespace

std::int64_t scaled_channels(std::int64_t channels, double width) {
    constexpr std::int64_t kStep = 8;
    if (width == 1) return channels;
    const auto steps = std::llround(static_cast<double>(channels) * width / kStep);
    return std::max<std::int64_t>(1, steps) * kStep;
}

std::string append_linear_head(Builder &b, const std::string &features, std::int64_t channels,
                               const ClassifierOptions &options, const std::vector<std::string> &names) {
    auto x = b.flatten(b.adaptive_avg_pool(features, options.pooled_extent, "head.pool"), "head.flatten");
    auto size = channels * options.pooled_extent * options.pooled_extent;
    for (std::size_t i = 0; i < options.hidden.size(); ++i) {
        x = b.relu(b.linear(x, size, options.hidden[i], names[i]), names[i] + ".relu");
        size = options.hidden[i];
    }
    return b.linear(x, size, options.classes, names.back());
}

std::vector<std::string> classifier_architectures() {
    std::vector<std::string> names;
    for (const auto &each : kArchitectures) names.emplace_back(each.name);
    return names;
}

std::int64_t logit_count(const Graph &classifier) {
    if (classifier.outputs.empty()) return 0;
    auto name = classifier.outputs.front().source;
    for (const auto &node : classifier.nodes | std::views::reverse) { // a node stands behind its inputs
        if (node.name != name) continue;
        if (node.op == Op::linear || node.op == Op::conv2d) return node.integer("out_channels");
        const bool other_channels = node.op == Op::concat || node.op == Op::channel_slice ||
                                    node.op == Op::haar_analysis || node.op == Op::haar_synthesis;
        if (other_channels || node.op == Op::conv_transpose2d) return 0;
        name = node.inputs.front();
    }
    return 0;
}

ClassifierGraphs classifier(const ClassifierOptions &options) {
    constexpr double kNarrowest = 1.0 / 64, kWidest = 8;
    constexpr std::size_t kDeepestHead = 2;
    constexpr std::int64_t kMostBlocks = 64;
    if (!(options.width >= kNarrowest && options.width <= kWidest))
        throw Error(ErrorCode::invalid_argument, "the width must lie in 1/64 to 8", "width");
    if (options.classes < 2 || options.hidden.size() > kDeepestHead)
        throw Error(ErrorCode::invalid_argument, "at least 2 classes and at most 2 hidden layers", "classes");
    if (options.blocks < 1 || options.blocks > kMostBlocks)
        throw Error(ErrorCode::invalid_argument, "a stage has 1 to 64 blocks", "blocks");
    return {build(options, false), build(options, true)};
}

} // namespace mirra::graph
