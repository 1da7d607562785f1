// LPIPS (Zhang et al. 2018, version 0.1): torchvision's AlexNet or VGG-16 up to five ReLUs, and a weight for
// each of their channels (docs/explanation/method.md). The features and the weights come in two files.
#include "checkpoint_keys.hpp"
#include "mirra/architectures.hpp"
#include "recipes.hpp"

#include <array>
#include <string>

namespace mirra::trainer::importer {
namespace {

constexpr std::int64_t kPool = 0;

struct Layer {
    std::int64_t channels = 0, kernel = 3, stride = 1, padding = 1; ///< channels kPool: a max pool
    bool tap = false;                                               ///< after its ReLU
};

constexpr std::array kAlexNet{Layer{64, 11, 4, 2, true}, Layer{kPool, 3, 2},        Layer{192, 5, 1, 2, true},
                              Layer{kPool, 3, 2},        Layer{384, 3, 1, 1, true}, Layer{256, 3, 1, 1, true},
                              Layer{256, 3, 1, 1, true}};
constexpr std::array kVgg16{Layer{64},
                            Layer{64, 3, 1, 1, true},
                            Layer{kPool, 2, 2},
                            Layer{128},
                            Layer{128, 3, 1, 1, true},
                            Layer{kPool, 2, 2},
                            Layer{256},
                            Layer{256},
                            Layer{256, 3, 1, 1, true},
                            Layer{kPool, 2, 2},
                            Layer{512},
                            Layer{512},
                            Layer{512, 3, 1, 1, true},
                            Layer{kPool, 2, 2},
                            Layer{512},
                            Layer{512},
                            Layer{512, 3, 1, 1, true}};

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
    auto x = b.normalise(b.input("image", 3), {constants.mean.begin(), constants.mean.end()},
                         {constants.deviation.begin(), constants.deviation.end()}, "lpips.scaled");
    std::vector<graph::Graph> out;
    std::int64_t channels = 3;
    int index = 0;
    const auto next = [&] { return "lpips.features." + std::to_string(index++); };
    for (const auto &layer : layers) {
        if (layer.channels == kPool) {
            x = b.max_pool(x, layer.kernel, layer.stride, next());
            continue;
        }
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
        if (!layer.tap) continue;
        const auto tap = static_cast<int>(out.size());
        b.output("tap" + std::to_string(tap), x);
        out.push_back(weighting(tap, channels));
    }
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

} // namespace

std::span<const Recipe> lpips_recipes() {
    return kRecipes;
}

} // namespace mirra::trainer::importer
