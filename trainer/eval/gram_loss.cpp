// Statistics of features.
#include "eval/gram_loss.hpp"

#include "eval/picture_tensor.hpp"
#include "eval/vgg19.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"

namespace mirra::trainer {

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
