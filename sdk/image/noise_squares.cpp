// Small squares of a picture: which there are, and which show noise and nothing else.
#include "noise_squares.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <set>
#include <utility>

namespace mirra::image::detail {
namespace {

constexpr std::int32_t kLargePicture = 64; // from this side on, squares of 7 pixels, below of 4
constexpr std::int64_t kMaxSquares = 12000;
/// Squares that lost more of their noise to clipping, against the brightness that lost least, are not used.
constexpr double kLeastNoiseKept = 0.5;
/// A square of noise alone passes with a probability of about 0.995.
constexpr double kPassingDeviations = 2.6;
/// Colours of flat squares, besides black and white, up to which they count as painted.
constexpr std::size_t kMostGrounds = 4;
/// Of what noise makes of a square's gradients: below it lies one square of noise in fifty.
constexpr double kQuiet = 0.5;

std::int32_t stride_of(const ConstImageView &view) {
    std::int32_t step = 1;
    while (std::int64_t{view.width / step} * (view.height / step) > kMaxSquares) ++step;
    return step;
}

double mean(std::span<const float> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

bool at_an_end(double brightness) {
    return brightness <= 0 || brightness >= 1;
}

} // namespace

Squares::Squares(const ConstImageView &view)
    : side_(std::min(view.width, view.height) >= kLargePicture ? 7 : 4)
    , channels_(static_cast<std::size_t>(view.color_channels()))
    , clipped_(touches_ends(view)) {
    const auto side = static_cast<std::int32_t>(side_), step = stride_of(view);
    std::vector<float> pixels(area() * channels_);
    const auto along = [&](std::int32_t extent) {
        return static_cast<std::size_t>((extent - side) / step + 1);
    };
    values_.reserve(along(view.width) * along(view.height) * pixels.size());
    for (std::int32_t top = 0; top + side <= view.height; top += step)
        for (std::int32_t left = 0; left + side <= view.width; left += step) {
            gather(view, {left, top, side, side}, pixels, view.color_channels());
            for (std::size_t c = 0; c < channels_; ++c)
                for (std::size_t i = c; i < pixels.size(); i += channels_) values_.push_back(pixels[i]);
        }
}

bool Squares::touches_ends(const ConstImageView &view) const {
    std::vector<float> row(static_cast<std::size_t>(view.width) * channels_);
    float low = 1, high = 0;
    for (std::int32_t y = 0; y < view.height; ++y) {
        gather(view, {0, y, view.width, 1}, row, view.color_channels());
        const auto [least, most] = std::ranges::minmax(row);
        low = std::min(low, least);
        high = std::max(high, most);
    }
    return low >= 0 && high <= 1 && (low == 0 || high == 1);
}

NoisySquares::NoisySquares(const Squares &squares, std::size_t first, std::size_t second)
    : squares_(squares)
    , first_(first)
    , second_(second) {
    std::vector<double> values(squares.area());
    std::set<std::pair<double, double>> flat_values;
    for (std::size_t i = 0; i < squares.count(); ++i) {
        load(i, values);
        const double one = mean(squares.channel(i, first)), other = mean(squares.channel(i, second));
        const double slopes = gradients(values);
        // All black or all white, as clipping and frames leave it.
        if (slopes == 0 && at_an_end(one) && at_an_end(other)) continue;
        if (slopes == 0 && flat_values.size() <= kMostGrounds) flat_values.emplace(one, other);
        (slopes == 0 ? grounds_ : entries_).push_back({i, slopes, level_of(one), level_of(other)});
    }
    // A frame or a painted ground says nothing about the noise; many flat colours do: there is none.
    if (flat_values.size() > kMostGrounds) keep_grounds();
}

void NoisySquares::load(std::size_t square, std::span<double> values) const {
    const auto a = squares_.channel(square, first_), b = squares_.channel(square, second_);
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = first_ == second_ ? a[i] : (double{a[i]} - b[i]) / std::numbers::sqrt2;
}

double NoisySquares::gradients(std::span<const double> values) const {
    const std::size_t side = squares_.side();
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if ((i + 1) % side != 0) sum += (values[i + 1] - values[i]) * (values[i + 1] - values[i]);
        if (i + side < values.size()) sum += (values[i + side] - values[i]) * (values[i + side] - values[i]);
    }
    return sum;
}

void NoisySquares::keep_grounds() {
    entries_.insert(entries_.end(), grounds_.begin(), grounds_.end());
    grounds_.clear();
}

double NoisySquares::quiet_share(const Levels &variances) const {
    const double most = bound(), least = kQuiet * 2 * differences();
    std::size_t passing = 0, quiet = 0;
    for (const Entry &entry : entries_) {
        const double variance = entry.variance(variances);
        if (entry.gradients > most * variance) continue;
        ++passing;
        if (entry.gradients < least * variance) ++quiet;
    }
    return static_cast<double>(quiet) / static_cast<double>(std::max<std::size_t>(passing, 1));
}

double NoisySquares::differences() const noexcept {
    const std::size_t side = squares_.side();
    return static_cast<double>(2 * side * (side - 1));
}

double NoisySquares::bound() const noexcept {
    // Mean 2 and variance about 20 a difference, of unit noise: a difference shares its pixels with six
    // others.
    return 2 * differences() + kPassingDeviations * std::sqrt(20 * differences());
}

std::size_t NoisySquares::enough() const noexcept {
    return std::min(entries_.size(), 8 * squares_.area());
}

Statistics NoisySquares::choose(const Levels &variances) const {
    const std::size_t size = squares_.area();
    const double most = bound(), least = kLeastNoiseKept * *std::ranges::max_element(variances);
    Statistics result{SymmetricMatrix(size)};
    std::vector<double> values(size);
    std::vector<double> sums(size);
    for (const Entry &entry : entries_) {
        const double variance = entry.variance(variances);
        if (variance < least || entry.gradients > most * variance) continue;
        load(entry.square, values);
        for (std::size_t i = 0; i < size; ++i) {
            sums[i] += values[i];
            for (std::size_t j = 0; j <= i; ++j) result.covariance(i, j) += values[i] * values[j];
        }
        result.counts[entry.first] += 0.5;
        result.counts[entry.second] += 0.5;
        ++result.squares;
    }
    const double count = static_cast<double>(std::max<std::size_t>(result.squares, 2));
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            const double value = (result.covariance(i, j) - sums[i] * sums[j] / count) / (count - 1);
            result.covariance(i, j) = value;
            result.covariance(j, i) = value;
        }
    }
    return result;
}

} // namespace mirra::image::detail
