// torchvision's layouts: AlexNet (Krizhevsky 2014), VGG-19 (configuration E), and residual networks whose
// bottlenecks have their stride in the convolution of 3 x 3.
#include "torchvision.hpp"

#include "layer_sequence.hpp"
#include "state_dict.hpp"

#include <algorithm>
#include <array>

namespace mirra::trainer::importer {
namespace {

std::string scaled_image(graph::Builder &b, const Pixels &pixels) {
    const auto constants = pixels.constants ? *pixels.constants : graph::normalisation_of(pixels.transform);
    return b.normalise(b.input("image", 3), {constants.mean.begin(), constants.mean.end()},
                       {constants.deviation.begin(), constants.deviation.end()}, "encoder.scaled");
}

// ---- a sequence of convolutions

constexpr std::array kAlexNet{Layer{64, 11, 4, 2}, Layer{kPool, 3, 2, 0, "conv1"},
                              Layer{192, 5, 1, 2}, Layer{kPool, 3, 2, 0, "conv2"},
                              Layer{384},          Layer{256},
                              Layer{256},          Layer{kPool, 3, 2, 0, "conv5"}};
constexpr Layer kHalving{kPool, 2, 2, 0};
constexpr std::array kVgg19{Layer{.channels = 64, .tap = "conv1_1"},
                            Layer{64},
                            kHalving,
                            Layer{.channels = 128, .tap = "conv2_1"},
                            Layer{128},
                            kHalving,
                            Layer{.channels = 256, .tap = "conv3_1"},
                            Layer{256},
                            Layer{256},
                            Layer{256},
                            kHalving,
                            Layer{.channels = 512, .tap = "conv4_1"},
                            Layer{512},
                            Layer{512},
                            Layer{512},
                            kHalving,
                            Layer{.channels = 512, .tap = "conv5_1"}}; // what is deeper is of no tap

template<const auto &layers> std::vector<graph::Graph> sequence_graphs(const Shapes &, const Pixels &pixels) {
    graph::Builder b("encoder");
    append_sequence(b, scaled_image(b, pixels), "encoder.features.", layers,
                    [&](std::string_view tap, const std::string &value, std::int64_t) {
                        b.output(std::string(tap), value);
                    });
    return {b.finish()};
}

// ---- residual networks

struct Residual {
    std::array<int, 4> blocks; ///< of each stage
    bool bottleneck = false;
    std::int64_t width = 1; ///< factor of the bottlenecks' inner channels
};

constexpr Residual kResNet18{{2, 2, 2, 2}};
constexpr Residual kResNet50{{3, 4, 6, 3}, true};
constexpr Residual kWideResNet50{{3, 4, 6, 3}, true, 2};

class ResidualBuilder {
  public:
    explicit ResidualBuilder(const Residual &network) : network_(network) {}

    graph::Graph build(const Pixels &pixels) {
        constexpr std::int64_t kStem = 64;
        auto x = convolved(scaled_image(b_, pixels),
                           {.in = 3, .out = kStem, .kernel = 7, .stride = 2, .padding = 3}, "encoder.", "1");
        x = b_.max_pool(b_.relu(x, "encoder.relu"), 3, 2, kStemPool);
        channels_ = kStem;
        for (std::size_t stage = 0; stage < network_.blocks.size(); ++stage) {
            const auto name = "layer" + std::to_string(stage + 1);
            for (int block = 0; block < network_.blocks[stage]; ++block)
                x = appended(x, kStem << stage, stage > 0 && block == 0 ? 2 : 1,
                             "encoder." + name + "." + std::to_string(block) + ".");
            b_.output(name, x);
        }
        auto graph = b_.finish();
        std::ranges::find(graph.nodes, kStemPool, &graph::Node::name)->attributes["padding"] =
            std::int64_t{1};
        graph::validate(graph);
        return graph;
    }

  private:
    /// With batch norm.
    std::string convolved(const std::string &x, const graph::Builder::Conv &conv, const std::string &block,
                          const std::string &number) {
        return b_.batch_norm(b_.conv2d(x, conv, block + "conv" + number), conv.out, block + "bn" + number);
    }

    /// @param planes  channels of a basic block; a bottleneck's are four times as many
    std::string appended(const std::string &x, std::int64_t planes, std::int64_t stride,
                         const std::string &block) {
        constexpr std::int64_t kExpansion = 4;
        const auto in = channels_, out = network_.bottleneck ? planes * kExpansion : planes;
        std::string y;
        if (network_.bottleneck) {
            const auto inner = planes * network_.width;
            y = convolved(x, {.in = in, .out = inner, .kernel = 1, .padding = 0}, block, "1");
            y = b_.relu(y, block + "relu1");
            y = convolved(y, {.in = inner, .out = inner, .stride = stride}, block, "2");
            y = b_.relu(y, block + "relu2");
            y = convolved(y, {.in = inner, .out = out, .kernel = 1, .padding = 0}, block, "3");
        } else {
            y = convolved(x, {.in = in, .out = out, .stride = stride}, block, "1");
            y = b_.relu(y, block + "relu1");
            y = convolved(y, {.in = out, .out = out}, block, "2");
        }
        auto skip = x;
        if (stride != 1 || in != out) {
            skip = b_.conv2d(x, {.in = in, .out = out, .kernel = 1, .stride = stride, .padding = 0},
                             block + "downsample.0");
            skip = b_.batch_norm(skip, out, block + "downsample.1");
        }
        channels_ = out;
        return b_.relu(b_.add(y, skip, block + "add"), block + "relu");
    }

    static constexpr const char *kStemPool = "encoder.maxpool";
    const Residual &network_;
    graph::Builder b_{"encoder"};
    std::int64_t channels_ = 0;
};

template<const Residual &network>
std::vector<graph::Graph> residual_graphs(const Shapes &, const Pixels &pixels) {
    return {ResidualBuilder(network).build(pixels)};
}

// ---- names

std::optional<std::string> rename(std::string key) {
    strip_wrappers(key);
    strip(key, "encoder."); // of Mirra's own bundles
    const bool head = key.starts_with("fc.") || key.starts_with("classifier.");
    if (head || is_bookkeeping(key) || is_normalisation(key)) return std::nullopt;
    return key;
}

constexpr Recipe recipe(std::string_view id, std::string_view title, decltype(Recipe::graphs) graphs) {
    return {.id = id,
            .task = "",
            .title = title,
            .graphs = graphs,
            .rename = rename,
            .spare = "features.",
            .transform = graph::InputTransform::mean_std,
            .classifier = true,
            .extent = 224};
}

constexpr std::array kRecipes{
    recipe("torchvision-resnet18", "ResNet-18 encoder", residual_graphs<kResNet18>),
    recipe("torchvision-resnet50", "ResNet-50 encoder", residual_graphs<kResNet50>),
    recipe("torchvision-wide_resnet50_2", "Wide ResNet-50-2 encoder", residual_graphs<kWideResNet50>),
    recipe("torchvision-alexnet", "AlexNet encoder", sequence_graphs<kAlexNet>),
    recipe("torchvision-vgg19", "VGG-19 encoder", sequence_graphs<kVgg19>),
};

} // namespace

std::span<const Recipe> torchvision_recipes() {
    return kRecipes;
}

} // namespace mirra::trainer::importer
