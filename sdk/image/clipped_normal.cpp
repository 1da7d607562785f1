// Moments of a normal distribution clamped to [0, 1], and their inversion.
#include "clipped_normal.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mirra::image::detail {
namespace {

constexpr int kBisections = 30, kSteps = 60;
constexpr double kExact = 1e-10; // of sigma
constexpr double kLargestSigma = 1.0;
constexpr double kSmallestSigma = 1e-5; // below, clipping takes nothing that could be measured

struct Moments {
    double mean;
    double variance;
    double inside; ///< the probability that nothing is clipped
};

double density(double x) {
    return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
}
double probability_below(double x) {
    return std::erfc(-x / std::numbers::sqrt2) / 2;
}

Moments clipped_moments(double mean, double sigma) {
    const double low = -mean / sigma;
    const double high = (1 - mean) / sigma;
    const double inside = probability_below(high) - probability_below(low);
    const double above = probability_below(-high);
    const double slope = density(low) - density(high);
    const double first = mean * inside + sigma * slope + above;
    const double second = (mean * mean + sigma * sigma) * inside + 2 * mean * sigma * slope +
                          sigma * sigma * (low * density(low) - high * density(high)) + above;
    return {first, std::max(second - first * first, 0.0), inside};
}

/// By Newton's method, held between bounds that close in: the clipped mean grows with the mean, by the
/// probability that nothing is clipped.
double variance_at(double clipped_mean, double sigma) {
    double low = -6 * sigma, high = 1 + 6 * sigma, mean = clipped_mean;
    Moments moments = clipped_moments(mean, sigma);
    for (int i = 0; i < kSteps && std::abs(moments.mean - clipped_mean) > kExact * sigma; ++i) {
        (moments.mean < clipped_mean ? low : high) = mean;
        const double next = mean + (clipped_mean - moments.mean) / moments.inside;
        mean = next > low && next < high ? next : (low + high) / 2;
        moments = clipped_moments(mean, sigma);
    }
    return moments.variance;
}

double average(const Levels &values, const Levels &counts) {
    double sum = 0;
    double count = 0;
    for (std::size_t i = 0; i < kLevels; ++i) {
        sum += counts[i] * values[i];
        count += counts[i];
    }
    return sum / count;
}

} // namespace

std::size_t level_of(double brightness) noexcept {
    return static_cast<std::size_t>(std::clamp(brightness, 0.0, 1.0 - 1e-9) * kLevels);
}

Levels clipped_variances(double sigma) {
    Levels variances{};
    if (sigma < kSmallestSigma) {
        variances.fill(sigma * sigma);
        return variances;
    }
    for (std::size_t i = 0; i < kLevels / 2; ++i) // black and white are alike
        variances[i] = variances[kLevels - 1 - i] =
            variance_at((static_cast<double>(i) + 0.5) / kLevels, sigma);
    return variances;
}

double undo_clipping(const Levels &counts, double variance) {
    double low = std::sqrt(variance);
    double high = kLargestSigma;
    if (low < kSmallestSigma || low >= high) return low;
    for (int i = 0; i < kBisections; ++i) {
        const double middle = (low + high) / 2;
        (average(clipped_variances(middle), counts) < variance ? low : high) = middle;
    }
    return (low + high) / 2;
}

} // namespace mirra::image::detail
