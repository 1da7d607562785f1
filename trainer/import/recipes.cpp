// The architectures and their names in the wild.
#include "recipes.hpp"

#include "alexnet_names.hpp"
#include "layer_sequence.hpp"
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "state_dict.hpp"
#include "stylizer_checkpoints.hpp"
#include "torchvision.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace mirra::trainer::importer {
namespace {

std::optional<std::string> keep_name(std::string key) {
    if (key.ends_with("num_batches_tracked")) return std::nullopt;
    return key;
}

// The paper's autoencoders, encoder and denoiser; key names as in docs/explanation/method.md.
namespace autoencoders {

using graph::AlexNetTap;
using graph::InputTransform;

std::optional<std::string> rename_denoiser(std::string key) {
    struct Pair {
        std::string_view from, to;
    };
    constexpr std::array kConvolutions{
        Pair{"encoder.conv1_1.", "encoder.features.0."},  Pair{"encoder.conv2_1.", "encoder.features.3."},
        Pair{"encoder.conv3_1.", "encoder.features.6."},  Pair{"encoder.conv3_2.", "encoder.features.8."},
        Pair{"encoder.conv3_3.", "encoder.features.10."},
    };
    auto renamed = rename_alexnet(std::move(key));
    // The decoder synthesises by the Haar basis whatever its filters say (docs/explanation/method.md).
    if (!renamed || renamed->starts_with("generator.unpool")) return std::nullopt;
    for (const auto &[from, to] : kConvolutions)
        if (strip(*renamed, from)) return std::string(to) + *renamed;
    return renamed;
}

/// By AlexNetTap.
constexpr std::array<std::string_view, 3> kLayers{"conv1", "conv2", "conv5"};

std::vector<graph::Graph> encoder_graphs(const Shapes &, const Pixels &pixels) {
    return {graph::alexnet_encoder(pixels.transform),
            graph::alexnet_encoder(InputTransform::mean_std, "comparator")};
}

/// Graphs of an inverter bundle, see docs/reference/bundle-format.md.
template<AlexNetTap tap> std::vector<graph::Graph> autoencoder_graphs(const Shapes &, const Pixels &pixels) {
    const std::string layer(kLayers[static_cast<std::size_t>(tap)]);
    auto encoder = graph::alexnet_encoder(pixels.transform, tap);
    encoder.outputs.front().name = layer;
    auto generator = graph::alexnet_generator(tap);
    generator.name = "generator-" + layer;
    auto autoencoder = graph::autoencoder(encoder, layer, generator);
    return {std::move(encoder), std::move(generator), std::move(autoencoder)};
}

std::vector<graph::Graph> denoiser_graphs(const Shapes &, const Pixels &pixels) {
    graph::Graph denoiser = graph::alexnet_denoiser(pixels.transform);
    graph::Graph autoencoder = denoiser;
    autoencoder.name = "autoencoder";
    return {std::move(denoiser), std::move(autoencoder)};
}

constexpr Recipe recipe(std::string_view id, std::string_view task, std::string_view title,
                        decltype(Recipe::graphs) graphs, decltype(Recipe::rename) rename) {
    return {.id = id,
            .task = task,
            .title = title,
            .graphs = graphs,
            .rename = rename,
            .spare = "encoder.features.",
            .transform = InputTransform::scale_pm1};
}

template<AlexNetTap tap> constexpr Recipe inverter(std::string_view id, std::string_view title) {
    auto out = recipe(id, "invert", title, autoencoder_graphs<tap>, rename_alexnet);
    out.layer = kLayers[static_cast<std::size_t>(tap)];
    return out;
}

constexpr Recipe stylizer() {
    auto out = recipe("alexnet-stylizer", "stylize", "AlexNet stylizer", stylizer_graphs, keep_name);
    out.name_parts = name_levels;
    out.spare = "encoder";
    out.levels = kStylizerLevels;
    return out;
}

constexpr std::array kRecipes{
    inverter<AlexNetTap::conv5>("alexnet-ae-conv5", "AlexNet conv5 autoencoder"),
    inverter<AlexNetTap::conv2>("alexnet-ae-conv2", "AlexNet conv2 autoencoder"),
    inverter<AlexNetTap::conv1>("alexnet-ae-conv1", "AlexNet conv1 autoencoder"),
    stylizer(),
    recipe("alexnet-denoiser", "denoise", "AlexNet wavelet denoiser", denoiser_graphs, rename_denoiser),
    recipe("alexnet-encoder", "", "AlexNet encoder", encoder_graphs, rename_alexnet),
};

} // namespace autoencoders

// The published classifiers. Widths, classes, heads and depth follow from the shapes of a checkpoint's
// tensors; where these contradict each other, the comparison with the graphs says so tensor by tensor.
namespace classifiers {

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

} // namespace classifiers

// LPIPS (Zhang et al. 2018, version 0.1): torchvision's AlexNet or VGG-16 up to five ReLUs, and a weight for
// each of their channels (docs/explanation/method.md). The features and the weights come in two files.
namespace lpips {

constexpr std::array kAlexNet{
    Layer{64, 11, 4, 2, "tap0"}, Layer{kPool, 3, 2},          Layer{192, 5, 1, 2, "tap1"}, Layer{kPool, 3, 2},
    Layer{384, 3, 1, 1, "tap2"}, Layer{256, 3, 1, 1, "tap3"}, Layer{256, 3, 1, 1, "tap4"}};
constexpr std::array kVgg16{Layer{64},
                            Layer{64, 3, 1, 1, "tap0"},
                            Layer{kPool, 2, 2},
                            Layer{128},
                            Layer{128, 3, 1, 1, "tap1"},
                            Layer{kPool, 2, 2},
                            Layer{256},
                            Layer{256},
                            Layer{256, 3, 1, 1, "tap2"},
                            Layer{kPool, 2, 2},
                            Layer{512},
                            Layer{512},
                            Layer{512, 3, 1, 1, "tap3"},
                            Layer{kPool, 2, 2},
                            Layer{512},
                            Layer{512},
                            Layer{512, 3, 1, 1, "tap4"}};

graph::Graph weighting(int tap, std::int64_t channels) {
    const auto name = "lin" + std::to_string(tap);
    graph::Builder b(name);
    const auto difference = b.input("difference", channels);
    b.output("distance",
             b.conv2d(difference, {.in = channels, .out = 1, .kernel = 1, .padding = 0}, "lpips." + name));
    return b.finish();
}

template<const auto &layers> std::vector<graph::Graph> graphs(const Shapes &, const Pixels &pixels) {
    graph::Builder b("taps");
    const auto constants = graph::normalisation_of(pixels.transform);
    const auto x = b.normalise(b.input("image", 3), {constants.mean.begin(), constants.mean.end()},
                               {constants.deviation.begin(), constants.deviation.end()}, "lpips.scaled");
    std::vector<graph::Graph> out;
    append_sequence(b, x, "lpips.features.", layers,
                    [&](std::string_view tap, const std::string &value, std::int64_t channels) {
                        b.output(std::string(tap), value);
                        out.push_back(weighting(static_cast<int>(out.size()), channels));
                    });
    out.insert(out.begin(), b.finish());
    return out;
}

/// "features.N.*", and "linK.model.1.weight" or "lins.K.model.1.weight" of the weights' file.
std::optional<std::string> rename(std::string key) {
    strip_wrappers(key);
    if (key.starts_with("classifier.") || is_bookkeeping(key)) return std::nullopt;
    if (key.starts_with("features.")) return "lpips." + key;
    const bool list = strip(key, "lins.");
    if (!list && !strip(key, "lin")) return key;
    return key.empty() ? key : std::string("lpips.lin") + key.front() + ".weight";
}

template<const auto &layers> constexpr Recipe recipe(std::string_view id, std::string_view title) {
    return {.id = id,
            .task = "",
            .title = title,
            .graphs = graphs<layers>,
            .rename = rename,
            .spare = "",
            .transform = graph::InputTransform::mean_std};
}

constexpr std::array kRecipes{recipe<kAlexNet>("lpips-alex", "LPIPS over AlexNet"),
                              recipe<kVgg16>("lpips-vgg", "LPIPS over VGG-16")};

} // namespace lpips

constexpr Recipe kOwnGraph{
    .id = "the graph", .task = "", .title = "Imported network", .rename = keep_name, .spare = ""};

std::array<std::span<const Recipe>, 4> tables() {
    return {autoencoders::kRecipes, classifiers::kRecipes, torchvision_recipes(), lpips::kRecipes};
}

} // namespace

const Recipe &own_graph_recipe() {
    return kOwnGraph;
}

std::vector<std::string> recipe_names() {
    std::vector<std::string> names;
    for (const auto table : tables())
        for (const Recipe &recipe : table) names.emplace_back(recipe.id);
    return names;
}

const Recipe &find_recipe(std::string_view id) {
    for (const auto table : tables())
        if (const auto found = std::ranges::find(table, id, &Recipe::id); found != table.end()) return *found;
    std::string names;
    for (const std::string &name : recipe_names()) names += (names.empty() ? "" : ", ") + name;
    throw Error(ErrorCode::invalid_argument, "unknown architecture '" + std::string(id.substr(0, 80)) + "'",
                "arch", "one of: " + names);
}

} // namespace mirra::trainer::importer
