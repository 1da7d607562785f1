// Training the discriminator.
#include "losses/discriminator.hpp"

#include "core/device.hpp"
#include "mirra/architectures.hpp"

namespace mirra::trainer {
namespace {

std::shared_ptr<GraphModule> make_network(const Discriminator::Options &options,
                                          const torch::Device &device) {
    GraphModule::Options module;
    module.spectral_norm = {"features.", "classifier01.", "classifier02."};
    if (options.dropout > 0) module.dropout = {"classifier02.1", "classifier02.4"};
    module.dropout_probability = options.dropout;
    auto network = std::make_shared<GraphModule>(
        graph::discriminator(options.feature_channels, options.extent, options.width), module);
    network->to(device);
    network->train();
    return network;
}

/// Computes no gradients of these weights while it lives.
class FrozenWeights {
  public:
    explicit FrozenWeights(std::vector<torch::Tensor> weights) : weights_(std::move(weights)) {
        learn(false);
    }
    FrozenWeights(const FrozenWeights &) = delete;
    FrozenWeights &operator=(const FrozenWeights &) = delete;
    ~FrozenWeights() { learn(true); }

  private:
    void learn(bool on) {
        for (auto &weight : weights_) weight.set_requires_grad(on);
    }

    std::vector<torch::Tensor> weights_;
};

torch::Tensor minus_log_sigmoid(const torch::Tensor &logit) {
    return torch::softplus(-logit).mean();
}

} // namespace

Discriminator::Discriminator(const Options &options, const torch::Device &device)
    : network_(make_network(options, device))
    , adam_(network_->trainable(), options.adam)
    , bf16_(options.bf16) {}

torch::Tensor Discriminator::logit(const torch::Tensor &pictures, const torch::Tensor &features) {
    const Autocast autocast(pictures.device().type(), bf16_);
    return network_->forward({{"image", pictures}, {"features", features}}).at("logit").to(at::kFloat);
}

torch::Tensor Discriminator::train(const torch::Tensor &real, const torch::Tensor &generated,
                                   const torch::Tensor &features, double rate) {
    adam_.zero_grad();
    // One after the other: each pass moves the spectral norm's vectors, and operands have no order.
    const auto of_real = minus_log_sigmoid(logit(real, features));
    const auto loss = of_real + minus_log_sigmoid(-logit(generated.detach(), features));
    loss.backward();
    adam_.step(rate);
    return loss.detach();
}

torch::Tensor Discriminator::loss(const torch::Tensor &generated, const torch::Tensor &features) {
    const FrozenWeights frozen(network_->trainable());
    return minus_log_sigmoid(logit(generated, features));
}

std::map<std::string, torch::Tensor> Discriminator::state() const {
    std::map<std::string, torch::Tensor> out;
    for (const auto &[name, tensor] : network_->state()) out["discriminator." + name] = tensor;
    for (const auto &[name, tensor] : adam_.state()) out["discriminator." + name] = tensor;
    return out;
}

} // namespace mirra::trainer
