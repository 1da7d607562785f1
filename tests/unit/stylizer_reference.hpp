// The transform of the stylizer computed anew, in double and by other means: roots of matrices by iteration.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
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

/// The guided filter by its definition (He, Sun and Tang 2013), over cells of pixels, each with a weight.
class GuidedFilter {
  public:
    /// @param guide, picture  interleaved, three values a pixel
    /// @param alpha           of each pixel; empty: 1
    GuidedFilter(std::int32_t across, std::int32_t down, const std::vector<float> &guide,
                 const std::vector<float> &picture, std::int32_t side, const std::vector<double> &alpha = {})
        : width(across)
        , height(down)
        , cell(side)
        , guide_(guide)
        , picture_(picture) {
        for (std::int32_t y = 0; y < rows(); ++y)
            for (std::int32_t x = 0; x < columns(); ++x) {
                shown_.push_back(mean(guide, x, y));
                own_.push_back(mean(picture, x, y));
                weights_.push_back(alpha.empty() ? 1 : weight(alpha, x, y));
            }
        for (std::int32_t y = 0; y < rows(); ++y)
            for (std::int32_t x = 0; x < columns(); ++x) functions_.push_back(fit(x, y));
    }

    /// One colour of a pixel in the middle of a cell, of cells of an odd side.
    [[nodiscard]] double at(std::int32_t x, std::int32_t y, std::size_t color) const {
        const auto own = own_[static_cast<std::size_t>(y / cell * columns() + x / cell)][color];
        Function mean;
        double all = 0;
        window(x / cell, y / cell, [&](std::size_t i) {
            for (std::size_t k = 0; k < 3; ++k)
                mean.slope[k][color] += functions_[i].weight * functions_[i].slope[k][color];
            mean.offset[color] += functions_[i].weight * functions_[i].offset[color];
            all += functions_[i].weight;
        });
        if (all == 0) return picture_[pixel(x, y) + color];
        double value = mean.offset[color] / all + picture_[pixel(x, y) + color] - own;
        for (std::size_t k = 0; k < 3; ++k) value += mean.slope[k][color] / all * guide_[pixel(x, y) + k];
        return std::clamp(value, 0.0, 1.0);
    }

    [[nodiscard]] std::size_t pixel(std::int32_t x, std::int32_t y) const {
        return 3 * static_cast<std::size_t>(y * width + x);
    }

    const std::int32_t width, height, cell;

  private:
    struct Function {
        Matrix slope{};
        Vector offset{};
        double weight = 0; ///< the mean of its window's cells
    };

    [[nodiscard]] std::int32_t rows() const { return height / cell; }
    [[nodiscard]] std::int32_t columns() const { return width / cell; }

    [[nodiscard]] Vector mean(const std::vector<float> &samples, std::int32_t x, std::int32_t y) const {
        Vector out{};
        for (std::int32_t v = y * cell; v < (y + 1) * cell; ++v)
            for (std::int32_t u = x * cell; u < (x + 1) * cell; ++u)
                for (std::size_t c = 0; c < 3; ++c) out[c] += samples[pixel(u, v) + c] / (cell * cell);
        return out;
    }

    [[nodiscard]] double weight(const std::vector<double> &alpha, std::int32_t x, std::int32_t y) const {
        double sum = 0;
        for (std::int32_t v = y * cell; v < (y + 1) * cell; ++v)
            for (std::int32_t u = x * cell; u < (x + 1) * cell; ++u) sum += alpha[pixel(u, v) / 3];
        return sum / (cell * cell);
    }

    template<class Visit> void window(std::int32_t x, std::int32_t y, const Visit &visit) const {
        constexpr std::int32_t kRadius = 6;
        for (std::int32_t v = std::max(y - kRadius, 0); v <= std::min(y + kRadius, rows() - 1); ++v)
            for (std::int32_t u = std::max(x - kRadius, 0); u <= std::min(x + kRadius, columns() - 1); ++u)
                visit(static_cast<std::size_t>(v * columns() + u));
    }

    [[nodiscard]] Function fit(std::int32_t x, std::int32_t y) const {
        constexpr double kEven = 0.01;
        Vector shown{}, own{};
        Matrix square{}, cross{};
        double count = 0, all = 0;
        window(x, y, [&](std::size_t i) {
            ++count;
            all += weights_[i];
        });
        if (all == 0) return {};
        window(x, y, [&](std::size_t i) {
            for (std::size_t k = 0; k < 3; ++k) {
                shown[k] += weights_[i] * shown_[i][k] / all;
                own[k] += weights_[i] * own_[i][k] / all;
            }
        });
        window(x, y, [&](std::size_t i) {
            for (std::size_t k = 0; k < 3; ++k)
                for (std::size_t m = 0; m < 3; ++m) {
                    square[k][m] += weights_[i] * (shown_[i][k] - shown[k]) * (shown_[i][m] - shown[m]) / all;
                    cross[k][m] += weights_[i] * (shown_[i][k] - shown[k]) * (own_[i][m] - own[m]) / all;
                }
        });
        for (std::size_t k = 0; k < 3; ++k) square[k][k] += kEven;
        Function out{times(inverse(square), cross), own, all / count};
        for (std::size_t c = 0; c < 3; ++c)
            for (std::size_t k = 0; k < 3; ++k) out.offset[c] -= out.slope[k][c] * shown[k];
        return out;
    }

    const std::vector<float> &guide_, &picture_;
    std::vector<Vector> shown_, own_;
    std::vector<double> weights_;
    std::vector<Function> functions_;
};

} // namespace mirra::test
