// The adversary of a generator: tells pictures from generated ones, knowing the features that they share.
#pragma once

#include "core/graph_module.hpp"
#include "core/optimizer.hpp"

#include <map>
#include <memory>
#include <string>

namespace mirra::trainer {

/// Logistic losses on its logit: D(x) = sigmoid(logit), as in paper equations 4 and 5. One thread.
class Discriminator {
  public:
    struct Options {
        std::int64_t feature_channels = 0, extent = 0; ///< see graph::discriminator()
        double width = 1, dropout = 0.5;
        Adam::Options adam;
        bool bf16 = false;
    };
    Discriminator(const Options &options, const torch::Device &device);

    /// One step: -log D(real) - log(1 - D(generated)), mean over the pictures; returns it, of one element. No
    /// gradient reaches `generated`.
    torch::Tensor train(const torch::Tensor &real, const torch::Tensor &generated,
                        const torch::Tensor &features, double rate);
    /// -log D(generated), mean over the pictures: what the generator minimises. Gradients flow to it.
    torch::Tensor loss(const torch::Tensor &generated, const torch::Tensor &features);
    /// Everything that training changes, by "discriminator.<name>".
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const;

  private:
    torch::Tensor logit(const torch::Tensor &pictures, const torch::Tensor &features);

    std::shared_ptr<GraphModule> network_;
    Adam adam_;
    bool bf16_;
};

} // namespace mirra::trainer
