// The transform of the stylizer computed anew, in double and by other means: roots of matrices by iteration.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace mirra::test {

/// 3 x 3.
using Matrix = std::array<std::array<double, 3>, 3>;
using Vector = std::array<double, 3>;

inline Matrix times(const Matrix &a, const Matrix &b) {
    Matrix out{};
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j)
            for (std::size_t k = 0; k < 3; ++k) out[i][j] += a[i][k] * b[k][j];
    return out;
}

/// By cofactors.
inline Matrix inverse(const Matrix &m) {
    Matrix out{};
    double determinant = 0;
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j) {
            const std::size_t a = (j + 1) % 3, b = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
            out[i][j] = m[a][c] * m[b][d] - m[a][d] * m[b][c];
        }
    for (std::size_t j = 0; j < 3; ++j) determinant += m[0][j] * out[j][0];
    for (auto &row : out)
        for (double &value : row) value /= determinant;
    return out;
}

/// By the iteration of Denman and Beavers.
inline Matrix square_root(Matrix y) {
    constexpr int kSteps = 60;
    Matrix z{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    for (int step = 0; step < kSteps; ++step) {
        const Matrix inverse_y = inverse(y), inverse_z = inverse(z);
        for (std::size_t i = 0; i < 3; ++i)
            for (std::size_t j = 0; j < 3; ++j) {
                y[i][j] = (y[i][j] + inverse_z[i][j]) / 2;
                z[i][j] = (z[i][j] + inverse_y[i][j]) / 2;
            }
    }
    return y;
}

struct Moments {
    Vector mean{};
    Matrix covariance{};
};

/// @param pixels   interleaved, three values each
/// @param weights  of each pixel; empty: 1
inline Moments moments_of(const std::vector<float> &pixels, double scale,
                          const std::vector<double> &weights = {}) {
    Moments out;
    const std::size_t count = pixels.size() / 3;
    const auto weight = [&](std::size_t i) { return weights.empty() ? 1.0 : weights[i]; };
    double total = 0;
    for (std::size_t i = 0; i < count; ++i) total += weight(i);
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t c = 0; c < 3; ++c) out.mean[c] += weight(i) * scale * pixels[3 * i + c] / total;
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t c = 0; c < 3; ++c)
            for (std::size_t k = 0; k < 3; ++k)
                out.covariance[c][k] += weight(i) * (scale * pixels[3 * i + c] - out.mean[c]) *
                                        (scale * pixels[3 * i + k] - out.mean[k]) / std::max(total - 1, 1.0);
    return out;
}

/// With the identity, or a share of the mean variance, on the diagonal.
inline Matrix with_ridge(Matrix m, double epsilon) {
    const double ridge = epsilon == 0 ? 1 : epsilon * (m[0][0] + m[1][1] + m[2][2]) / 3;
    for (std::size_t i = 0; i < 3; ++i) m[i][i] += ridge;
    return m;
}

/// What a style makes of pixels whose features are themselves times `scale`; no blending.
inline std::vector<float> reference_style(const std::vector<float> &pixels, const Moments &content,
                                          const Moments &style, double scale, double epsilon = 0) {
    const Matrix matrix = times(square_root(with_ridge(style.covariance, epsilon)),
                                inverse(square_root(with_ridge(content.covariance, epsilon))));
    const auto [low, high] = std::minmax_element(pixels.begin(), pixels.end());
    std::vector<float> out(pixels.size());
    for (std::size_t i = 0; i < pixels.size(); i += 3)
        for (std::size_t c = 0; c < 3; ++c) {
            double value = style.mean[c];
            for (std::size_t k = 0; k < 3; ++k)
                value += matrix[c][k] * (scale * pixels[i + k] - content.mean[k]);
            out[i + c] = static_cast<float>(std::clamp(value, scale * *low, scale * *high) / scale);
        }
    return out;
}

} // namespace mirra::test
