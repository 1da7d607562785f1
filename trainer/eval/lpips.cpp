// The distance: unit-length features, squared differences, weighted over channels, averaged over places.
#include "eval/lpips.hpp"

#include "eval/picture_tensor.hpp"
#include "mirra/bundle.hpp"

namespace mirra::trainer {
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

} // namespace mirra::trainer
