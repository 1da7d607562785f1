// Spectral normalisation of a weight in training (Miyato et al. 2018), as torch.nn.utils.spectral_norm does
// it.
#pragma once

#include "runtime/torch/libtorch.hpp"

namespace mirra::trainer {

/// Estimates the greatest singular value of a weight as a matrix by power iteration, whose two vectors it
/// keeps.
class SpectralNorm {
  public:
    /// Vectors at random, from the global generator.
    /// @param transposed  of a transposed convolution: its matrix has the output channels, dimension 1, first
    /// (see docs/explanation/method.md)
    SpectralNorm(const torch::Tensor &weight, bool transposed);

    /// The weight over its norm by the vectors as they are; gradients flow to the weight, through the norm as
    /// well.
    [[nodiscard]] torch::Tensor normalized(const torch::Tensor &weight) const;
    /// One step of the power iteration, as before each pass in training.
    void iterate(const torch::Tensor &weight);

    [[nodiscard]] const torch::Tensor &u() const { return u_; } ///< as many values as the matrix has rows
    [[nodiscard]] const torch::Tensor &v() const { return v_; }

  private:
    [[nodiscard]] torch::Tensor matrix(const torch::Tensor &weight) const;

    bool transposed_;
    torch::Tensor u_, v_;
};

} // namespace mirra::trainer
