// Stochastic gradient descent with momentum over LibTorch's fused kernel, with its state in plain tensors.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirra::trainer {

/// As torch.optim.SGD: g += weight_decay p; v = momentum v + g; p -= rate (nesterov ? g + momentum v : v).
class Sgd {
  public:
    struct Options {
        double momentum = 0.9, weight_decay = 0;
        bool nesterov = false;
    };
    Sgd(std::vector<torch::Tensor> parameters, const Options &options);

    void zero_grad();
    void step(double rate);
    /// Momentum by "sgd.<index>".
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const;
    [[nodiscard]] const std::vector<torch::Tensor> &parameters() const { return parameters_; }

  private:
    std::vector<torch::Tensor> parameters_, momentum_;
    Options options_;
};

} // namespace mirra::trainer
