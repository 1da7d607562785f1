// Small squares of a picture: which there are, and which show noise and nothing else.
#include "noise_squares.hpp"

#include "alpha.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <set>
#include <utility>

namespace mirra::image::detail {
namespace {

constexpr std::int32_t kLargePicture = 64; // from this side on, squares of 7 pixels, below of 4
constexpr std::size_t kMostArea = 49;
constexpr std::int64_t kMaxSquares = 12000;
/// Squares that lost more of their noise to clipping, against the brightness that lost least, are not used.
constexpr double kLeastNoiseKept = 0.5;
/// A square of noise alone passes with a probability of about 0.995.
constexpr double kPassingDeviations = 2.6;
/// Colours of flat squares, besides black and white, up to which they count as painted.
constexpr std::size_t kMostGrounds = 4;
/// Of the largest alpha: pixels below it, whose colours may be rounding, do not count.
constexpr float kVisibleShare = 0.5F;
/// What is drawn in black or white: squares that are all so, of all; those partly so, of the others; and how
/// much such pixels keep together in these.
constexpr double kPaperShare = 0.1, kDrawnShare = 0.9, kDrawnTogether = 0.2;
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

/// 1 for a picture without alpha.
float largest_alpha(const ConstImageView &view) {
    float most = view.has_alpha() ? 0.0F : 1.0F;
    for (std::int32_t y = 0; y < view.height && most < 1; ++y)
        most = std::max(most, std::ranges::max(alpha_of(view, {0, y, view.width, 1})));
    return most;
}

bool at_an_end(double brightness) {
    return brightness <= 0 || brightness >= 1;
}

} // namespace

Squares::Squares(const ConstImageView &view)
    : least_alpha_(kVisibleShare * largest_alpha(view))
    , side_(std::min(view.width, view.height) >= kLargePicture ? 7 : 4)
    , channels_(static_cast<std::size_t>(view.color_channels()))
    , clipped_(touches_ends(view)) {
    const auto side = static_cast<std::int32_t>(side_), step = stride_of(view);
    std::vector<float> pixels(area() * channels_);
    const auto along = [&](std::int32_t extent) {
        return static_cast<std::size_t>((extent - side) / step + 1);
    };
    values_.reserve(along(view.width) * along(view.height) * pixels.size());
    for (std::int32_t top = 0; top + side <= view.height; top += step)
        for (std::int32_t left = 0; left + side <= view.width; left += step)
            add(view, {left, top, side, side}, pixels);
}

void Squares::add(const ConstImageView &view, const Rect &square, std::vector<float> &pixels) {
    if (view.has_alpha()) {
        const auto counts = [&](float alpha) { return alpha > 0 && alpha >= least_alpha_; };
        if (!std::ranges::all_of(alpha_of(view, square), counts)) return;
    }
    gather(view, square, pixels, view.color_channels());
    for (std::size_t c = 0; c < channels_; ++c)
        for (std::size_t i = c; i < pixels.size(); i += channels_) values_.push_back(pixels[i]);
}

bool Squares::touches_ends(const ConstImageView &view) const {
    std::vector<float> row(static_cast<std::size_t>(view.width) * channels_), alpha;
    float low = 1, high = 0;
    const bool beyond = view.sample == SampleType::f16 || view.sample == SampleType::f32;
    // Whole numbers go nowhere beyond: the first that touches an end decides.
    for (std::int32_t y = 0; y < view.height && (beyond || (low > 0 && high < 1)); ++y) {
        gather(view, {0, y, view.width, 1}, row, view.color_channels());
        if (view.has_alpha()) alpha = alpha_of(view, {0, y, view.width, 1});
        if (alpha.empty()) {
            const auto [least, most] = std::ranges::minmax(row);
            low = std::min(low, least);
            high = std::max(high, most);
        }
        for (std::size_t i = 0; i < alpha.size() * channels_; ++i) {
            if (alpha[i / channels_] <= 0) continue;
            low = std::min(low, row[i]);
            high = std::max(high, row[i]);
        }
    }
    return low >= 0 && high <= 1 && (low == 0 || high == 1);
}

Squares::Ends Squares::ends_of(std::span<const float> values) const {
    std::array<std::uint8_t, kMostArea> at_end;
    int pixels = 0, pairs = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
        at_end[i] = static_cast<std::uint8_t>(int{values[i] <= 0} | int{values[i] >= 1});
    for (std::size_t i = 0; i < values.size(); ++i) pixels += at_end[i];
    if (pixels == 0) return {0, 0};
    for (std::size_t row = 0; row < values.size(); row += side_)
        for (std::size_t i = row; i + 1 < row + side_; ++i) pairs += at_end[i] & at_end[i + 1];
    for (std::size_t i = side_; i < values.size(); ++i) pairs += at_end[i - side_] & at_end[i];
    return {pixels, pairs};
}

bool Squares::drawn() const {
    if (!clipped_) return false;
    const auto pixels = static_cast<double>(area()), pairs = static_cast<double>(2 * side_ * (side_ - 1));
    std::size_t partly = 0, others = 0;
    double together = 0, apart = 0; // more pairs than chance makes, and the most that there could be
    for (std::size_t i = 0; i < count() * channels_; ++i) {
        const Ends ends = ends_of(channel(i / channels_, i % channels_));
        if (ends.pixels == 0) {
            ++others;
            continue;
        }
        const double share = ends.pixels / pixels;
        others += share < 1 ? 1 : 0;
        partly += share < 1 ? 1 : 0;
        together += ends.pairs / pairs - share * share;
        apart += share * (1 - share);
    }
    const auto all = static_cast<double>(count() * channels_);
    const bool has_paper = static_cast<double>(others) < (1 - kPaperShare) * all;
    const bool has_strokes = static_cast<double>(partly) > kDrawnShare * static_cast<double>(others);
    return has_paper && has_strokes && together > kDrawnTogether * apart;
}

Squares::Spread Squares::about_plane(std::span<const float> values) const {
    // A plane along each axis from the middle: sums of squared places, over the square.
    const auto side = static_cast<double>(side_), middle = (side - 1) / 2;
    const double spread = side * side * (side * side - 1) / 12, freedom = side * side - 3;
    double sum = 0, squares = 0, across = 0, down = 0;
    for (std::size_t row = 0; row < side_; ++row) {
        double row_sum = 0;
        for (std::size_t column = 0; column < side_; ++column) {
            const double value = values[row * side_ + column];
            row_sum += value;
            squares += value * value;
            across += (static_cast<double>(column) - middle) * value;
        }
        sum += row_sum;
        down += (static_cast<double>(row) - middle) * row_sum;
    }
    const double mean = sum / (side * side);
    return {mean, (squares - sum * mean - (across * across + down * down) / spread) / freedom};
}

std::vector<MeasuredSquare> Squares::measured() const {
    std::vector<MeasuredSquare> out;
    out.reserve(count());
    const auto channels = static_cast<double>(channels_);
    for (std::size_t square = 0; square < count(); ++square) {
        double brightness = 0, variance = 0;
        for (std::size_t c = 0; c < channels_; ++c) {
            const Spread one = about_plane(channel(square, c));
            brightness += one.mean;
            variance += one.variance;
        }
        if (brightness <= 0 || brightness >= channels) continue;
        out.push_back({static_cast<float>(brightness / channels),
                       static_cast<float>(std::max(0.0, variance / channels))});
    }
    return out;
}

NoisySquares::NoisySquares(const Squares &squares, std::size_t first, std::size_t second)
    : squares_(squares)
    , first_(first)
    , second_(second) {
    std::vector<float> values(squares.area());
    std::set<std::pair<double, double>> flat_values;
    for (std::size_t i = 0; i < squares.count(); ++i) {
        load(i, values);
        const double one = mean(squares.channel(i, first)), other = mean(squares.channel(i, second));
        const double slopes = gradients(values);
        const Entry entry{i, slopes, level_of(one), level_of(other)};
        // All black or all white, as clipping and frames leave it, and paper.
        if (slopes == 0 && at_an_end(one) && at_an_end(other)) {
            ends_.push_back(entry);
            continue;
        }
        if (slopes == 0 && flat_values.size() <= kMostGrounds) flat_values.emplace(one, other);
        (slopes == 0 ? grounds_ : entries_).push_back(entry);
    }
    // A frame or a painted ground says nothing about the noise; many flat colours do: there is none.
    if (flat_values.size() <= kMostGrounds) return;
    entries_.insert(entries_.end(), grounds_.begin(), grounds_.end());
    grounds_.clear();
}

void NoisySquares::load(std::size_t square, std::span<float> values) const {
    constexpr float kMiddle = 0.5F, kShare = 1 / std::numbers::sqrt2_v<float>;
    const auto a = squares_.channel(square, first_), b = squares_.channel(square, second_);
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = first_ == second_ ? a[i] - kMiddle : (a[i] - b[i]) * kShare;
}

double NoisySquares::gradients(std::span<const float> values) const {
    const std::size_t side = squares_.side();
    double along = 0, down = 0;
    for (std::size_t row = 0; row < side; ++row)
        for (std::size_t i = row * side; i < (row + 1) * side; ++i) {
            if (i + 1 < (row + 1) * side) along += (values[i + 1] - values[i]) * (values[i + 1] - values[i]);
            if (row + 1 < side) down += (values[i + side] - values[i]) * (values[i + side] - values[i]);
        }
    return along + down;
}

void NoisySquares::keep_grounds() {
    for (std::vector<Entry> *flat : {&grounds_, &ends_}) {
        entries_.insert(entries_.end(), flat->begin(), flat->end());
        flat->clear();
    }
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

void NoisySquares::add(ChosenSquares &chosen, double sign, ChosenSquares::Mark mark) const {
    // So many squares are multiplied at a time in single precision, about the middle of the range: what that
    // loses of a covariance is a thousandth of what rounding to 8 bits adds.
    constexpr Eigen::Index kBlock = 128;
    const auto size = static_cast<Eigen::Index>(squares_.area());
    Eigen::MatrixXf block(size, kBlock), products(size, size);
    Eigen::Index filled = 0;
    const auto add_block = [&] {
        if (filled == 0) return;
        const auto values = block.leftCols(filled);
        products.setZero();
        products.selfadjointView<Eigen::Lower>().rankUpdate(values);
        chosen.products += sign * products.cast<double>();
        chosen.sums += sign * values.cast<double>().rowwise().sum();
        filled = 0;
    };
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (chosen.marks[i] != mark) continue;
        load(entries_[i].square, {block.col(filled).data(), squares_.area()});
        if (++filled == kBlock) add_block();
    }
    add_block();
}

Statistics NoisySquares::choose(const Levels &variances, ChosenSquares &chosen) const {
    using Mark = ChosenSquares::Mark;
    const auto size = static_cast<Eigen::Index>(squares_.area());
    const double most = bound(), least = kLeastNoiseKept * *std::ranges::max_element(variances);
    Statistics result;
    std::size_t changed = 0;
    const bool anew = chosen.marks.size() != entries_.size();
    if (anew) chosen.marks.assign(entries_.size(), Mark::out);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const Entry &entry = entries_[i];
        const double variance = entry.variance(variances);
        const bool is_in = variance >= least && entry.gradients <= most * variance;
        Mark &mark = chosen.marks[i];
        if (is_in != (mark == Mark::in)) {
            mark = is_in ? Mark::added : Mark::dropped;
            ++changed;
        }
        if (!is_in) continue;
        result.counts[entry.first] += 0.5;
        result.counts[entry.second] += 0.5;
        ++result.squares;
    }
    if (anew || changed >= result.squares) {
        chosen.products = Eigen::MatrixXd::Zero(size, size);
        chosen.sums = Eigen::VectorXd::Zero(size);
        add(chosen, 1, Mark::in);
    } else {
        add(chosen, -1, Mark::dropped);
    }
    add(chosen, 1, Mark::added);
    for (Mark &mark : chosen.marks) {
        if (mark == Mark::added) mark = Mark::in;
        if (mark == Mark::dropped) mark = Mark::out;
    }
    const double count = static_cast<double>(std::max<std::size_t>(result.squares, 2));
    result.covariance = chosen.products;
    result.covariance.selfadjointView<Eigen::Lower>().rankUpdate(chosen.sums, -1 / count);
    result.covariance /= count - 1;
    return result;
}

} // namespace mirra::image::detail
