// Building and loading.
#include "eval/vgg19.hpp"

#include "import/checkpoint_keys.hpp"
#include "import/weight_source.hpp"
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"

#include <array>

namespace mirra::trainer {
namespace {

constexpr std::int64_t kPool = 0;
/// Channels of the convolutions, block by block.
constexpr std::array<std::int64_t, 17> kLayers{64,  64,    kPool, 128, 128, kPool, 256,   256, 256,
                                               256, kPool, 512,   512, 512, 512,   kPool, 512};

std::optional<std::string> rename(std::string key) {
    importer::strip_wrappers(key);
    if (importer::is_bookkeeping(key)) return std::nullopt;
    if (!importer::strip(key, "encoder.")) importer::strip(key, "head."); // of Mirra's own bundles
    if (key.starts_with("classifier.")) return std::nullopt;
    return key;
}

constexpr importer::Recipe kRecipe{
    .id = "vgg19", .task = "", .title = "VGG-19", .rename = rename, .spare = "features."};

} // namespace

graph::Graph vgg19_features() {
    graph::Builder b("encoder");
    const auto constants = graph::normalisation_of(graph::InputTransform::mean_std);
    auto x = b.normalise(b.input("image", 3), {constants.mean.begin(), constants.mean.end()},
                         {constants.deviation.begin(), constants.deviation.end()}, "scaled");
    std::int64_t channels = 3;
    int index = 0, block = 1;
    bool first = true; // of its block
    const auto next = [&] { return "features." + std::to_string(index++); };
    for (const auto layer : kLayers) {
        if (layer == kPool) {
            x = b.max_pool(x, 2, 2, next());
            ++block;
            first = true;
            continue;
        }
        x = b.conv2d(x, {.in = channels, .out = layer, .bias = true}, next());
        x = b.relu(x, next());
        channels = layer;
        if (first) b.output("relu" + std::to_string(block) + "_1", x);
        first = false;
    }
    return b.finish();
}

std::shared_ptr<GraphModule> load_vgg19(const std::filesystem::path &weights) {
    auto network = std::make_shared<GraphModule>(vgg19_features(), GraphModule::Options{});
    importer::WeightSource source(kRecipe);
    source.add(importer::read_state_dict(weights));
    bundle::Weights values;
    try {
        values = source.collect({network->graph()}, false);
    } catch (const Error &error) {
        throw Error(error.code(), error.what(), weights.string(),
                    "give the published weights of torchvision's vgg19");
    }
    const torch::NoGradGuard no_grad;
    for (auto &[name, tensor] : network->state()) {
        auto &stored = values.at(name);
        tensor.copy_(torch::from_blob(stored.values.data(), stored.shape));
    }
    return network;
}

} // namespace mirra::trainer
