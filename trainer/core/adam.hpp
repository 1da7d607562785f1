// Adam (Kingma and Ba 2015) over LibTorch's fused kernel, with its state in plain tensors for checkpoints.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirra::trainer {

class Adam {
  public:
    struct Options {
        double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
    };
    Adam(std::vector<torch::Tensor> parameters, const Options &options);

    void zero_grad();
    void step(double rate);
    /// First and second moments and step counts by "adam.<index>.<part>".
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const;
    [[nodiscard]] const std::vector<torch::Tensor> &parameters() const { return parameters_; }

  private:
    std::vector<torch::Tensor> parameters_, mean_, square_, steps_;
    Options options_;
};

} // namespace mirra::trainer
