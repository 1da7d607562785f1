// A small dense symmetric matrix and its eigenvalues.
#pragma once

#include <cstddef>
#include <vector>

namespace mirra::image::detail {

class SymmetricMatrix {
  public:
    explicit SymmetricMatrix(std::size_t size) : size_(size), values_(size * size) {}
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    double &operator()(std::size_t row, std::size_t column) noexcept { return values_[row * size_ + column]; }
    double operator()(std::size_t row, std::size_t column) const noexcept {
        return values_[row * size_ + column];
    }

  private:
    std::size_t size_;
    std::vector<double> values_;
};

/// In ascending order, by Jacobi's cyclic method.
[[nodiscard]] std::vector<double> eigenvalues(SymmetricMatrix matrix);

} // namespace mirra::image::detail
