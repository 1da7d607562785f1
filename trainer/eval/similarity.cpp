#include "eval/similarity.hpp"

#include "import/state_dict.hpp"
#include "import/weight_source.hpp"
#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "mirra/image.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace mirra::trainer {

torch::Tensor to_tensor(const std::vector<FloatPicture> &pictures) {
    std::vector<torch::Tensor> out;
    for (const auto &picture : pictures)
        out.push_back(torch::from_blob(const_cast<float *>(picture.values.data()),
                                       {picture.height, picture.width, 3}, at::kFloat)
                          .permute({2, 0, 1}));
    return torch::stack(out).contiguous();
}

FloatPicture to_picture(const torch::Tensor &picture) {
    const auto values = picture.detach().to(at::kCPU, at::kFloat).permute({1, 2, 0}).contiguous();
    const auto *data = values.const_data_ptr<float>();
    return {static_cast<std::int32_t>(values.size(1)),
            static_cast<std::int32_t>(values.size(0)),
            {data, data + values.numel()}};
}

void add(Similarity &similarity, const torch::Tensor &pictures, const torch::Tensor &references) {
    for (std::int64_t i = 0; i < pictures.size(0); ++i)
        similarity.add(to_picture(pictures[i]), to_picture(references[i]));
}

namespace {

std::shared_ptr<GraphModule> load(const bundle::Bundle &bundle, const std::string &name,
                                  const torch::Device &device) {
    auto network = std::make_shared<GraphModule>(bundle.graph(name), GraphModule::Options{});
    network->load(bundle);
    network->to(device);
    network->eval();
    return network;
}

torch::Tensor unit_length(const torch::Tensor &features) {
    constexpr double kStabiliser = 1e-10;
    return features / (features.norm(2, {1}, true) + kStabiliser);
}

} // namespace

Lpips::Lpips(const std::filesystem::path &path, const torch::Device &device) : device_(device) {
    const auto bundle = bundle::Bundle::open(path);
    taps_ = load(*bundle, "taps", device);
    for (std::size_t tap = 0; tap < taps_->graph().outputs.size(); ++tap)
        weightings_.push_back(load(*bundle, "lin" + std::to_string(tap), device));
}

double Lpips::distance(const FloatPicture &a, const FloatPicture &b) {
    const torch::NoGradGuard no_grad;
    // Says which layer nothing is left at, before the kernels do.
    static_cast<void>(graph::infer_shapes(taps_->graph(), {{"image", {1, 3, a.height, a.width}}}));
    const auto left = taps_->forward({{"image", to_tensor({a}).to(device_)}}),
               right = taps_->forward({{"image", to_tensor({b}).to(device_)}});
    double sum = 0;
    for (std::size_t tap = 0; tap < weightings_.size(); ++tap) {
        const auto name = "tap" + std::to_string(tap);
        const auto difference = (unit_length(left.at(name)) - unit_length(right.at(name))).square();
        sum += weightings_[tap]->forward({{"difference", difference}}).at("distance").mean().item<double>();
    }
    return sum;
}

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
    network->load(values);
    return network;
}

LayerStatistics layer_statistics(const torch::Tensor &features) {
    const auto flat = features[0].flatten(1);
    return {flat.mean(1), flat.mm(flat.t()) / static_cast<double>(flat.numel())};
}

double gram_distance(const LayerStatistics &a, const LayerStatistics &b) {
    return (torch::mse_loss(a.mean, b.mean) + torch::mse_loss(a.gram, b.gram)).item<double>();
}

GramNetwork::GramNetwork(std::string name, std::shared_ptr<GraphModule> network, const torch::Device &device)
    : name_(std::move(name))
    , network_(std::move(network))
    , device_(device) {
    network_->to(device);
    network_->eval();
}

GramNetwork GramNetwork::of_encoder(const std::filesystem::path &path, const torch::Device &device) {
    const auto bundle = bundle::Bundle::open(path);
    const auto &graphs = bundle->manifest().graphs;
    const auto found = graphs.find("encoder");
    if (found == graphs.end() || found->second.inputs.size() != 1 ||
        found->second.inputs.front().channels != 3)
        throw Error(ErrorCode::mismatch, "the bundle holds no encoder of pictures", path.string(),
                    "give a bundle of mirra-train encoder, inverter or stylizer");
    const auto &graph = found->second;
    auto network = std::make_shared<GraphModule>(graph, GraphModule::Options{});
    network->load(*bundle);
    return {path.stem().string(), std::move(network), device};
}

GramNetwork GramNetwork::of_vgg19(const std::filesystem::path &weights, const torch::Device &device) {
    return {"VGG-19", load_vgg19(weights), device};
}

std::vector<std::string> GramNetwork::layers() const {
    std::vector<std::string> out;
    for (const auto &output : network_->graph().outputs) out.push_back(output.name);
    return out;
}

void GramNetwork::check_size(std::int64_t width, std::int64_t height) const {
    const auto &graph = network_->graph();
    static_cast<void>(graph::infer_shapes(graph, {{graph.inputs.front().name, {1, 3, height, width}}}));
}

std::vector<LayerStatistics> GramNetwork::statistics(const FloatPicture &picture) const {
    check_size(picture.width, picture.height);
    const torch::NoGradGuard no_grad;
    const auto features =
        network_->forward({{network_->graph().inputs.front().name, to_tensor({picture}).to(device_)}});
    std::vector<LayerStatistics> out;
    for (const auto &layer : layers()) out.push_back(layer_statistics(features.at(layer)));
    return out;
}

} // namespace mirra::trainer
