// Blind estimate of white Gaussian noise. Small squares without texture are chosen by their gradients, again
// and again as the estimate sharpens (Liu, Tanaka, Okutomi: Single-Image Noise Level Estimation for Blind
// Denoising, 2013); the small eigenvalues of their covariance are the noise (Chen, Zhu, Heng: An Efficient
// Statistical Method for Image Noise Level Estimation, 2015); what clipping at black and white took away is
// put back. In colours the differences of the channels are measured: texture is mostly one of brightness,
// which they do not have.
#include "mirra/error.hpp"
#include "noise_squares.hpp"

#include <Eigen/Eigenvalues>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

namespace mirra::image {
namespace {

constexpr std::int32_t kSmallestSide = 16;
/// For each pixel of a square: of fewer, a covariance would say little.
constexpr std::size_t kFewestSquares = 2;
constexpr int kRounds = 8;
constexpr double kConverged = 0.005;
/// The share of chosen squares beside a painted ground that may be quiet: chance, and those on its border.
constexpr double kMostQuiet = 0.1;
/// Noise of which the channels' differences show less than this share is common to the channels, as grain of
/// a gray picture is, or was taken out of the colours.
constexpr double kIndependentShare = 0.65;

/// In ascending order, of a matrix of which the lower triangle counts.
Eigen::VectorXd eigenvalues(const Eigen::MatrixXd &symmetric) {
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(symmetric, Eigen::EigenvaluesOnly);
    if (solver.info() != Eigen::Success)
        throw Error(ErrorCode::invalid_argument,
                    "the noise cannot be measured: the pixels are no finite numbers", "image",
                    "state the noise level");
    return solver.eigenvalues();
}

/// Leaves out the largest eigenvalues, the texture, until the rest are balanced about their mean.
double noise_variance(const Eigen::VectorXd &ascending) {
    double sum = ascending.sum();
    for (Eigen::Index count = ascending.size(); count > 1; --count) {
        const double mean = sum / static_cast<double>(count);
        const double median = (ascending[count / 2] + ascending[(count - 1) / 2]) / 2;
        if (mean <= median) return std::max(mean, 0.0);
        sum -= ascending[count - 1];
    }
    return std::max(ascending[0], 0.0);
}

detail::Levels expected_variances(double sigma, bool clipped) {
    if (clipped) return detail::clipped_variances(sigma);
    detail::Levels variances{};
    variances.fill(sigma * sigma);
    return variances;
}

/// Sharpens the estimate until it settles.
double settled_variance(const detail::NoisySquares &noisy, bool clipped) {
    if (noisy.empty()) return 0;
    detail::Levels all{};
    all.fill(1e9);
    double sigma = 1;
    detail::ChosenSquares squares;
    for (int round = 0; round < kRounds; ++round) {
        const detail::Statistics chosen =
            noisy.choose(round == 0 ? all : expected_variances(sigma, clipped), squares);
        if (round > 0 && chosen.squares < noisy.enough()) break;
        const double variance = noise_variance(eigenvalues(chosen.covariance));
        const double next = clipped ? detail::undo_clipping(chosen.counts, variance) : std::sqrt(variance);
        const bool settled = std::abs(next - sigma) < kConverged * sigma;
        sigma = next;
        if (settled || sigma <= 0) break;
    }
    return sigma * sigma;
}

/// @param first, second  as in NoisySquares
double variance_of(const detail::Squares &squares, std::size_t first, std::size_t second) {
    detail::NoisySquares noisy(squares, first, second);
    const double variance = settled_variance(noisy, squares.clipped());
    if (!noisy.has_grounds()) return variance;
    // The letters of a drawing on a ground are no noise: beside them lie squares too quiet for it.
    if (noisy.quiet_share(expected_variances(std::sqrt(variance), squares.clipped())) <= kMostQuiet)
        return variance;
    noisy.keep_grounds();
    return settled_variance(noisy, squares.clipped());
}

using Pair = std::pair<std::size_t, std::size_t>;

/// Of each pair of channels, as in NoisySquares.
template<std::size_t Count>
std::array<double, Count> variances_of(const detail::Squares &squares, const std::array<Pair, Count> &pairs,
                                       const ForEach &for_each) {
    std::array<double, Count> variances{};
    for_each(Count,
             [&](std::size_t i) { variances[i] = variance_of(squares, pairs[i].first, pairs[i].second); });
    return variances;
}

/// Mean over the three channels.
double color_variance(const detail::Squares &squares, const ForEach &for_each) {
    const auto [red_green, green_blue, blue_red, green] =
        variances_of<4>(squares, {{{0, 1}, {1, 2}, {2, 0}, {1, 1}}}, for_each);
    const double independent = (red_green + green_blue + blue_red) / 3;
    if (independent >= kIndependentShare * kIndependentShare * green) return independent;
    const auto [red, blue] = variances_of<2>(squares, {{{0, 0}, {2, 2}}}, for_each);
    return (red + green + blue) / 3;
}

void one_by_one(std::size_t count, const std::function<void(std::size_t)> &body) {
    for (std::size_t i = 0; i < count; ++i) body(i);
}

} // namespace

NoiseMeasurement measure_noise(const ConstImageView &view, const ForEach &for_each) {
    validate(view, "image");
    if (view.width < kSmallestSide || view.height < kSmallestSide) {
        throw Error(ErrorCode::invalid_argument,
                    "noise can be estimated from 16x16 pixels on, not from " + std::to_string(view.width) +
                        "x" + std::to_string(view.height),
                    "image", "state the noise level");
    }
    const detail::Squares squares(view);
    if (view.has_alpha() && squares.count() < kFewestSquares * squares.area())
        throw Error(ErrorCode::invalid_argument, "too little of the picture is visible to measure its noise",
                    "image", "state the noise level");
    if (squares.drawn()) return {0, squares.measured()};
    const double variance = view.color_channels() == 3
                                ? color_variance(squares, for_each ? for_each : ForEach(one_by_one))
                                : variance_of(squares, 0, 0);
    return {std::sqrt(variance), squares.measured()};
}

double estimate_noise(const ConstImageView &view) {
    return measure_noise(view).sigma;
}

} // namespace mirra::image
