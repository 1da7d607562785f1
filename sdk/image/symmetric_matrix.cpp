// Eigenvalues by Jacobi's cyclic method: for the few dozen rows of a patch covariance no library is worth its
// weight.
#include "symmetric_matrix.hpp"

#include <algorithm>
#include <cmath>

namespace mirra::image::detail {
namespace {

constexpr int kMaxSweeps = 30;
constexpr double kNegligible = 1e-12; // of the trace

/// Rotates rows and columns p and q so that entry (p, q) becomes zero.
void rotate(SymmetricMatrix &matrix, std::size_t p, std::size_t q) {
    const double theta = (matrix(q, q) - matrix(p, p)) / (2 * matrix(p, q));
    const double tangent = (theta >= 0 ? 1.0 : -1.0) / (std::abs(theta) + std::hypot(theta, 1.0));
    const double cosine = 1 / std::hypot(tangent, 1.0);
    const double sine = tangent * cosine;
    const auto turn = [&](double &first, double &second) {
        const double a = first;
        const double b = second;
        first = cosine * a - sine * b;
        second = sine * a + cosine * b;
    };
    for (std::size_t k = 0; k < matrix.size(); ++k) turn(matrix(k, p), matrix(k, q));
    for (std::size_t k = 0; k < matrix.size(); ++k) turn(matrix(p, k), matrix(q, k));
}

} // namespace

std::vector<double> eigenvalues(SymmetricMatrix matrix) {
    double trace = 0;
    for (std::size_t i = 0; i < matrix.size(); ++i) trace += matrix(i, i);
    bool changed = true;
    for (int sweep = 0; sweep < kMaxSweeps && changed; ++sweep) {
        changed = false;
        for (std::size_t p = 0; p < matrix.size(); ++p) {
            for (std::size_t q = p + 1; q < matrix.size(); ++q) {
                if (std::abs(matrix(p, q)) <= kNegligible * std::abs(trace)) continue;
                rotate(matrix, p, q);
                changed = true;
            }
        }
    }
    std::vector<double> values(matrix.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = matrix(i, i);
    std::ranges::sort(values);
    return values;
}

} // namespace mirra::image::detail
