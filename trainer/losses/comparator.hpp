// The feature loss: distance of two pictures in the feature space of a frozen encoder (paper equation 4).
#pragma once

#include "core/graph_module.hpp"

#include <memory>

namespace mirra::trainer {

class Comparator {
  public:
    /// Uses the bundle's graph "comparator", else "encoder"; its last output is the feature.
    /// @throws Error not_found | mismatch
    Comparator(const bundle::Bundle &bundle, const torch::Device &device);
    /// Mean squared distance; gradients flow to `output` alone. Pictures [N, 3, H, W] in [0, 1].
    torch::Tensor loss(const torch::Tensor &output, const torch::Tensor &target);

  private:
    torch::Tensor features(const torch::Tensor &pictures);
    std::shared_ptr<GraphModule> network_;
};

} // namespace mirra::trainer
