// A network in evaluation mode with constant weights, for the many passes of an attack: batch norm folded
// into the convolutions, the strided convolution of the picture by blocks, reduced precision once for all
// passes, gradients for the input alone.
#pragma once

#include "core/graph_module.hpp"

#include <set>

namespace mirra::trainer {

/// One thread. Keeps the module alive.
class FrozenNetwork {
  public:
    /// @param precision  at::kFloat or at::kBFloat16, of weights and activations
    FrozenNetwork(std::shared_ptr<GraphModule> module, at::ScalarType precision);
    /// Takes the module's weights over as they are now. To be called before the first forward().
    void refresh();
    /// The graph's first output in fp32. @param images  the graph's only input
    torch::Tensor forward(const torch::Tensor &images);

  private:
    void plan();
    void fold(const graph::Node &conv, const graph::Node &norm,
              const std::map<std::string, torch::Tensor> &weights);
    void store(const graph::Node &conv, const torch::Tensor &weight, const torch::Tensor &bias);
    torch::Tensor convolve(const graph::Node &node, const torch::Tensor &input);
    void cast(const graph::Node &node, const std::map<std::string, torch::Tensor> &weights);

    std::shared_ptr<GraphModule> module_;
    at::ScalarType precision_;
    std::map<std::string, const graph::Node *> norm_of_; ///< convolution -> the batch norm that it absorbs
    std::set<std::string> absorbed_;                     ///< those batch norms
    std::set<std::string> in_blocks_;                    ///< strided convolutions of few channels
    std::set<std::string> in_place_;                     ///< ReLUs that may overwrite what they read
    std::map<std::string, std::size_t> last_use_;
    std::map<std::string, std::map<std::string, torch::Tensor>> weights_; ///< node -> role -> tensor
};

} // namespace mirra::trainer
