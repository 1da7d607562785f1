// What noise explains of a picture, by brightness.
#include "mirra/noise_profile.hpp"

#include "alpha.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace mirra::image {
namespace {

constexpr double kUnit = 1.0 / 255;
/// Shares of squares that count as the quietest, and what makes the largest of their variances that of noise
/// alone: a square's scatters about it.
constexpr double kQuietest = 0.005, kQuietestScatter = 1.6, kQuiet = 0.02, kQuietScatter = 1.3;
/// Between these levels the quietest squares come to count as noise.
constexpr double kFirstCounted = 2 * kUnit, kAllCounted = 4 * kUnit;
/// Between these a part of the range may come to have this many times the variance of the whole.
constexpr double kFirstUneven = 1.5 * kUnit, kAllUneven = 4 * kUnit, kMostUneven = 6;
/// What an estimate may miss of noise that neighbours share, as after demosaicing.
constexpr double kMostShared = 6;
constexpr std::ptrdiff_t kFewestSquares = 60;
/// Median of the absolute value of a standard normal variable.
constexpr double kMedian = 0.6745;

/// The variance that a share of the squares does not exceed.
double quantile(std::span<MeasuredSquare> squares, double share) {
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(squares.size()));
    std::ranges::nth_element(squares, squares.begin() + at, {}, &MeasuredSquare::variance);
    return squares[static_cast<std::size_t>(at)].variance;
}

/// 0 at `low`, 1 at `high`.
double ramp(double value, double low, double high) {
    return std::clamp((value - low) / (high - low), 0.0, 1.0);
}

/// Of the picture as a whole.
double whole_variance(double sigma, std::span<MeasuredSquare> squares) {
    const double variance = sigma * sigma;
    if (squares.empty()) return variance;
    const double quiet = std::min(kQuietestScatter * quantile(squares, kQuietest), kMostShared * variance);
    const double at = ramp(std::sqrt(quiet), kFirstCounted, kAllCounted);
    return variance + at * at * (3 - 2 * at) * std::max(0.0, quiet - variance);
}

std::size_t part_of(const MeasuredSquare &square) {
    const auto part = static_cast<std::ptrdiff_t>(square.brightness * kNoiseParts);
    return static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(part, 0, kNoiseParts - 1));
}

/// Parts about which nothing is known take after those around.
void fill_gaps(std::array<double, kNoiseParts> &parts, const std::vector<std::size_t> &known) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto after = std::ranges::lower_bound(known, i);
        if (after != known.end() && *after == i) continue;
        if (after == known.begin() || after == known.end()) {
            parts[i] = parts[after == known.end() ? known.back() : known.front()];
            continue;
        }
        const std::size_t low = *(after - 1), high = *after;
        const double way = static_cast<double>(i - low) / static_cast<double>(high - low);
        parts[i] = (1 - way) * parts[low] + way * parts[high];
    }
}

/// Absolute second differences along rows, of triples that are visible; of a large picture a sample, so that
/// they take a few megabytes whatever its size.
void add_second_differences(const ConstImageView &view, std::vector<float> &differences) {
    constexpr std::int32_t kMostRows = 256, kBlock = 4096;
    constexpr std::int64_t kMostTriples = 1 << 18;
    const auto channels = static_cast<std::size_t>(view.color_channels());
    const std::int32_t row_step = 1 + view.height / kMostRows;
    const std::int64_t rows = (view.height + row_step - 1) / row_step;
    const auto step = static_cast<std::int32_t>(1 + view.width * rows / kMostTriples);
    std::vector<float> row;
    for (std::int32_t y = 0; y < view.height; y += row_step)
        for (std::int32_t left = 0; left + 2 < view.width; left += kBlock) {
            const std::int32_t columns = std::min(kBlock + 2, view.width - left);
            row.resize(static_cast<std::size_t>(columns) * channels);
            gather(view, {left, y, columns, 1}, row, view.color_channels());
            const std::vector<float> alpha = alpha_of(view, {left, y, columns, 1});
            for (std::int32_t column = (step - left % step) % step; column + 2 < columns; column += step) {
                const auto x = static_cast<std::size_t>(column) + 1;
                if (alpha[x - 1] <= 0 || alpha[x] <= 0 || alpha[x + 1] <= 0) continue;
                for (std::size_t at = x * channels; at < (x + 1) * channels; ++at)
                    differences.push_back(std::abs(row[at - channels] - 2 * row[at] + row[at + channels]));
            }
        }
}

/// Between neighbouring values: a gradient goes in such steps, which are no noise.
double step_of(SampleType type) {
    switch (type) {
    case SampleType::u8:
        return 1.0 / 255;
    case SampleType::u16:
    case SampleType::u16_swapped:
        return 1.0 / 65535;
    case SampleType::f16:
    case SampleType::f32:
        break;
    }
    return 0;
}

ConstImageView transposed(ConstImageView view) {
    std::swap(view.width, view.height);
    std::swap(view.x_stride, view.y_stride);
    return view;
}

} // namespace

double estimate_noise_roughly(const ConstImageView &view) {
    validate(view, "image");
    std::vector<float> differences;
    add_second_differences(view, differences);
    add_second_differences(transposed(view), differences);
    if (differences.empty()) return 0;
    const auto middle = differences.begin() + static_cast<std::ptrdiff_t>(differences.size() / 2);
    std::ranges::nth_element(differences, middle);
    return std::max(0.0, *middle - step_of(view.sample)) / (kMedian * std::sqrt(6.0));
}

std::array<double, kNoiseParts> explained_variances(double sigma, std::vector<MeasuredSquare> &squares) {
    const double whole = whole_variance(sigma, squares);
    const double uneven = 1 + (kMostUneven - 1) * ramp(std::sqrt(whole), kFirstUneven, kAllUneven);
    std::array<double, kNoiseParts> parts{};
    parts.fill(whole);
    std::vector<std::size_t> known;
    std::span<MeasuredSquare> rest = squares;
    for (std::size_t part = 0; part < kNoiseParts; ++part) {
        const auto others = std::ranges::partition(
            rest, [&](const MeasuredSquare &square) { return part_of(square) == part; });
        const std::span<MeasuredSquare> own(rest.begin(), others.begin());
        rest = {others.begin(), others.end()};
        if (std::ssize(own) < kFewestSquares) continue;
        parts[part] = std::clamp(kQuietScatter * quantile(own, kQuiet), whole, uneven * whole);
        known.push_back(part);
    }
    if (!known.empty()) fill_gaps(parts, known);
    return parts;
}

} // namespace mirra::image
