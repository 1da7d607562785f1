// Eigenvalues and eigenvectors of a symmetric matrix.
#include "runtime/plain/jacobi.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace mirra::runtime {

Jacobi::Jacobi(std::span<const float> values, std::size_t n) : n_(n), a_(n * n), vectors_(n * n) {
    for (std::size_t i = 0; i < n; ++i) {
        vectors_[i * n + i] = 1;
        for (std::size_t j = 0; j <= i; ++j) {
            if (!std::isfinite(values[i * n + j]))
                throw Error(ErrorCode::invalid_argument, "a value is no finite number", "symmetric");
            a_[i * n + j] = a_[j * n + i] = values[i * n + j];
        }
    }
}

void Jacobi::solve() {
    constexpr int kMostSweeps = 30;
    bool changed = true;
    for (int sweep = 0; changed && sweep < kMostSweeps; ++sweep) {
        changed = false;
        for (std::size_t p = 0; p < n_; ++p)
            for (std::size_t q = p + 1; q < n_; ++q) changed = rotate(p, q) || changed;
    }
}

std::vector<std::size_t> Jacobi::ascending() const {
    std::vector<std::size_t> order(n_);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) { return value(i); });
    return order;
}

bool Jacobi::rotate(std::size_t p, std::size_t q) {
    const double beside = a_[p * n_ + q], one = a_[p * n_ + p], other = a_[q * n_ + q];
    // Below what the sum of the two keeps it changes nothing.
    if (std::abs(beside) <= std::numeric_limits<double>::epsilon() * 1e-3 * (std::abs(one) + std::abs(other)))
        return false;
    const double angle = 0.5 * std::atan2(2 * beside, other - one), c = std::cos(angle), s = std::sin(angle);
    const auto turn = [&](double &x, double &y) {
        const double before = x;
        x = c * before - s * y;
        y = s * before + c * y;
    };
    for (std::size_t k = 0; k < n_; ++k) turn(a_[k * n_ + p], a_[k * n_ + q]);
    for (std::size_t k = 0; k < n_; ++k) turn(a_[p * n_ + k], a_[q * n_ + k]);
    for (std::size_t k = 0; k < n_; ++k) turn(vectors_[p * n_ + k], vectors_[q * n_ + k]);
    a_[p * n_ + q] = a_[q * n_ + p] = 0;
    return true;
}

} // namespace mirra::runtime
