// Folding of spectral normalisation: the stored vectors, not the true norm, as PyTorch does in evaluation.
#pragma once

#include "mirra/bundle.hpp"

#include <span>
#include <string>

namespace mirra::trainer::importer {

/// Rows and columns of the matrix that the power iteration saw: dimension 0 against the rest, for a
/// transposed convolution dimension 1 against the rest.
struct SpectralShape {
    std::int64_t rows = 0, columns = 0;
};
SpectralShape spectral_shape(const graph::Shape &weight, bool transposed);

/// Divides the weight by u . (W v).
/// @param u  rows values  @param v  columns values
/// @throws Error corrupt if the norm is zero or not finite
void fold_spectral_norm(bundle::WeightTensor &weight, std::span<const float> u, std::span<const float> v,
                        bool transposed, const std::string &name);

} // namespace mirra::trainer::importer
