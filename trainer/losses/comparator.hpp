// Feature distance of a frozen network: the paper's feature loss (equation 6).
#pragma once

#include "core/frozen_network.hpp"
#include "mirra/bundle.hpp"

#include <memory>

namespace mirra::trainer {

/// How far features are apart, as a mean over all values.
enum class FeatureDistance : std::uint8_t {
    squared,  ///< (a - b)^2
    relative, ///< the same, divided by the mean of b^2 of the target: knows no scale of the features
};

/// One thread.
class Comparator {
  public:
    /// Uses the bundle's graph "comparator", else "encoder"; its last output is the feature.
    /// @throws Error not_found | mismatch
    Comparator(const bundle::Bundle &bundle, const torch::Device &device);
    /// @param features   a graph "image" -> one output, whose weights the bundle has
    /// @param precision  at::kFloat or at::kBFloat16, of weights and activations
    Comparator(const bundle::Bundle &bundle, const graph::Graph &features, const torch::Device &device,
               at::ScalarType precision);

    /// Features in fp32; gradients flow to the pictures. Pictures [N, 3, H, W] in [0, 1].
    torch::Tensor features(const torch::Tensor &pictures) { return network_->forward(pictures); }
    /// Distance of a picture's features to those wanted; gradients flow to `output` alone.
    torch::Tensor distance(const torch::Tensor &output, const torch::Tensor &wanted, FeatureDistance kind);
    /// Mean squared distance of the features of two pictures; gradients flow to `output` alone.
    torch::Tensor loss(const torch::Tensor &output, const torch::Tensor &target);

  private:
    std::unique_ptr<FrozenNetwork> network_;
};

} // namespace mirra::trainer
