// Eigenvalues and eigenvectors of a symmetric matrix.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace mirra::runtime {

/// Rotations that make one value beside the diagonal zero after the other.
class Jacobi {
  public:
    /// Reads the lower triangle. @throws Error invalid_argument for values that are no finite numbers
    Jacobi(std::span<const float> values, std::size_t n);
    void solve();

    [[nodiscard]] double value(std::size_t i) const { return a_[i * n_ + i]; }
    [[nodiscard]] double vector(std::size_t row, std::size_t i) const { return vectors_[i * n_ + row]; }
    /// Indices, the least value first.
    [[nodiscard]] std::vector<std::size_t> ascending() const;

  private:
    /// @returns whether there was anything to do
    bool rotate(std::size_t p, std::size_t q);

    std::size_t n_;
    std::vector<double> a_, vectors_; ///< a vector a row
};

} // namespace mirra::runtime
