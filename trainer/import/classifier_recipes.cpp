// The published classifiers. Widths, classes, heads and depth follow from the shapes of a checkpoint's
// tensors; where these contradict each other, the comparison with the graphs says so tensor by tensor.
#include "checkpoint_keys.hpp"
#include "normalisation.hpp"
#include "recipes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace mirra::trainer::importer {
namespace {

/// Another name for a part of a tensor's name; one without `to` is of a layer that computes nothing.
struct Alias {
    std::string_view from, to;
};

struct Layout {
    std::string_view architecture;            ///< of graph::classifier()
    std::string_view measured;                ///< the layer that tells the width
    std::int64_t channels = 0;                ///< its output channels at a width of 1
    std::span<const std::string_view> linear; ///< hidden layers, if any, and the last one
    std::int64_t head_channels = 0; ///< of the pooled features at a width of 1; 0: pooled to one pixel
    std::int64_t pooled_extent = 0;
    std::span<const Alias> aliases;
};

constexpr std::array<std::string_view, 3> kAlexNetLinear{"classifier.1", "classifier.4", "last_layer"};
constexpr std::array<std::string_view, 3> kVggLinear{"classifier.0", "classifier.3", "classifier.6"};
constexpr std::array<std::string_view, 1> kResNetLinear{"linear"};
constexpr std::array<std::string_view, 1> kWideResNetLinear{"fc"};
constexpr std::array kAlexNetAliases{Alias{"classifier.6.", "last_layer."}};
constexpr std::array kResNetAliases{Alias{".downsample.", ".shortcut."}, Alias{"fc.", "linear."}};
constexpr std::array kWideResNetAliases{Alias{".convShortcut.", ".shortcut."}, Alias{"sub_block1.", ""}};

constexpr Layout kAlexNet{"alexnet", "features.0", 64, kAlexNetLinear, 256, 6, kAlexNetAliases};
constexpr Layout kVgg16{"vgg16", "features.0", 64, kVggLinear, 512, 7, {}};
constexpr Layout kResNet18{"resnet18", "conv1", 64, kResNetLinear, 0, 1, kResNetAliases};
constexpr Layout kWideResNet{"wrn-28-10", "block1.layer.0.conv1", 160, kWideResNetLinear, 0,
                             1,           kWideResNetAliases};

template<const Layout &layout> std::optional<std::string> rename(std::string key) {
    strip_wrappers(key);
    if (is_bookkeeping(key) || is_normalisation(key)) return std::nullopt;
    if (!strip(key, "encoder.")) strip(key, "head."); // of Mirra's own bundles
    for (const auto &[from, to] : layout.aliases) {
        const auto at = key.find(from);
        if (at == std::string::npos) continue;
        if (to.empty()) return std::nullopt;
        key.replace(at, from.size(), to);
    }
    return key;
}

/// One extent of a tensor; nothing where the tensor or the dimension is missing.
std::optional<std::int64_t> extent(const Shapes &shapes, const std::string &name, std::size_t dimension) {
    const auto found = shapes.find(name);
    if (found == shapes.end() || found->second.size() <= dimension) return std::nullopt;
    return found->second[dimension];
}

std::optional<std::int64_t> outputs(const Shapes &shapes, std::string_view layer) {
    const std::string name(layer);
    const auto weight = extent(shapes, name + ".weight", 0);
    return weight ? weight : extent(shapes, name + ".bias", 0);
}

double width(const Layout &layout, const Shapes &shapes) {
    constexpr double kNarrowest = 1.0 / 64, kWidest = 8;
    const auto channels = outputs(shapes, layout.measured).value_or(layout.channels);
    const double width = static_cast<double>(channels) / static_cast<double>(layout.channels);
    return width >= kNarrowest && width <= kWidest ? width : 1;
}

std::int64_t pooled_extent(const Layout &layout, const Shapes &shapes, double width, std::string_view first) {
    constexpr std::int64_t kLargest = 1024;
    const auto inputs = extent(shapes, std::string(first) + ".weight", 1).value_or(0);
    const auto channels = std::llround(static_cast<double>(layout.head_channels) * width);
    if (channels == 0 || inputs == 0) return layout.pooled_extent;
    const auto side = std::llround(std::sqrt(static_cast<double>(inputs / channels)));
    const bool square = side >= 1 && side <= kLargest && side * side * channels == inputs;
    return square ? side : layout.pooled_extent;
}

/// Residual blocks of a stage of a WRN, told by the first stage.
std::int64_t blocks(const Shapes &shapes) {
    constexpr std::string_view kLayer = "block1.layer.";
    constexpr std::int64_t kMost = 64;
    std::int64_t found = 0;
    for (const auto &[name, shape] : shapes) {
        std::int64_t index = 0;
        if (!name.starts_with(kLayer)) continue;
        std::from_chars(name.data() + kLayer.size(), name.data() + name.size(), index);
        if (index >= 0 && index < kMost) found = std::max(found, index + 1);
    }
    return found > 0 ? found : graph::ClassifierOptions{}.blocks;
}

template<const Layout &layout> std::vector<graph::Graph> graphs(const Shapes &shapes, const Pixels &pixels) {
    graph::ClassifierOptions options;
    options.architecture = layout.architecture;
    options.transform = pixels.transform;
    options.normalisation = pixels.constants;
    options.width = width(layout, shapes);
    options.hidden.clear();
    for (const auto layer : layout.linear.first(layout.linear.size() - 1))
        if (const auto size = outputs(shapes, layer)) options.hidden.push_back(*size);
    options.classes = outputs(shapes, layout.linear.back()).value_or(options.classes);
    const auto first = layout.linear[options.hidden.empty() ? layout.linear.size() - 1 : 0];
    options.pooled_extent = pooled_extent(layout, shapes, options.width, first);
    options.batch_norm = shapes.contains("features.1.weight");
    options.blocks = blocks(shapes);
    auto [encoder, classifier] = graph::classifier(options);
    return {std::move(encoder), std::move(classifier)};
}

template<const Layout &layout>
constexpr Recipe recipe(std::string_view id, std::string_view title, std::int64_t extent) {
    return {.id = id,
            .task = "",
            .title = title,
            .graphs = graphs<layout>,
            .rename = rename<layout>,
            .spare = "",
            .transform = graph::InputTransform::none,
            .classifier = true,
            .extent = extent};
}

constexpr std::array kRecipes{
    recipe<kAlexNet>("alexnet-classifier", "AlexNet classifier", 224),
    recipe<kVgg16>("vgg16-classifier", "VGG-16 classifier", 224),
    recipe<kResNet18>("resnet18-classifier", "ResNet-18 classifier", 32),
    recipe<kWideResNet>("wrn-28-10-classifier", "Wide ResNet classifier", 32),
};

} // namespace

std::span<const Recipe> classifier_recipes() {
    return kRecipes;
}

} // namespace mirra::trainer::importer
