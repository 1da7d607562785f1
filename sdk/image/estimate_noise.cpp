// Blind estimate of white Gaussian noise. Small patches without texture are chosen by their gradients, again
// and again as the estimate sharpens (Liu, Tanaka, Okutomi: Single-Image Noise Level Estimation for Blind
// Denoising, 2013); the small eigenvalues of their covariance are the noise (Chen, Zhu, Heng: An Efficient
// Statistical Method for Image Noise Level Estimation, 2015); what clipping at black and white took away is
// put back.
#include "clipped_normal.hpp"
#include "mirra/error.hpp"
#include "mirra/image.hpp"
#include "symmetric_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace mirra::image {
namespace {

constexpr std::int32_t kSmallestSide = 16;
constexpr std::int32_t kLargePicture = 64; // from this side on, patches of 7 pixels, below of 4
constexpr std::int64_t kMaxPatches = 12000;
constexpr int kRounds = 8;
constexpr double kConverged = 0.005;
/// Patches that lost more of their noise to clipping, against the brightness that lost least, are not used.
constexpr double kLeastNoiseKept = 0.5;
/// A patch of noise alone passes with a probability of about 0.995.
constexpr double kPassingDeviations = 2.6;

struct Plane {
    std::vector<float> values;
    std::int32_t width;
    std::int32_t height;
};

struct Patch {
    std::size_t offset; ///< of its first value in the plane
    double gradients;   ///< sum of squared differences of neighbours
    std::size_t level;  ///< of its mean
};

/// Covariance of chosen patches, and how many of them are how bright.
struct Statistics {
    detail::SymmetricMatrix covariance;
    detail::Levels counts{};
    std::size_t patches = 0;
};

/// The patches of a plane, and the noise that a choice of them shows.
class PatchSet {
  public:
    explicit PatchSet(const Plane &plane);
    [[nodiscard]] bool empty() const noexcept { return patches_.empty(); }
    /// Those whose gradients noise of these variances, by brightness, explains.
    [[nodiscard]] Statistics choose(const detail::Levels &variances) const;
    [[nodiscard]] std::size_t enough() const noexcept { return std::min(patches_.size(), 4 * side_ * side_); }

  private:
    [[nodiscard]] std::size_t stride() const;
    void add(std::size_t offset);
    void load(const Patch &patch, std::vector<double> &values) const;

    const Plane &plane_;
    std::size_t side_;
    std::vector<Patch> patches_;
};

PatchSet::PatchSet(const Plane &plane)
    : plane_(plane)
    , side_(std::min(plane.width, plane.height) >= kLargePicture ? 7 : 4) {
    const auto width = static_cast<std::size_t>(plane.width);
    const auto height = static_cast<std::size_t>(plane.height);
    const std::size_t step = stride();
    for (std::size_t top = 0; top + side_ <= height; top += step) {
        for (std::size_t left = 0; left + side_ <= width; left += step) add(top * width + left);
    }
}

std::size_t PatchSet::stride() const {
    const std::int64_t columns = plane_.width;
    const std::int64_t rows = plane_.height;
    std::int64_t step = 1;
    while ((columns / step) * (rows / step) > kMaxPatches) ++step;
    return static_cast<std::size_t>(step);
}

void PatchSet::add(std::size_t offset) {
    const auto width = static_cast<std::size_t>(plane_.width);
    double sum = 0;
    double gradients = 0;
    for (std::size_t y = 0; y < side_; ++y) {
        const float *const row = plane_.values.data() + offset + y * width;
        for (std::size_t x = 0; x < side_; ++x) {
            const double value = row[x];
            sum += value;
            if (x + 1 < side_) gradients += (row[x + 1] - value) * (row[x + 1] - value);
            if (y + 1 < side_) gradients += (row[x + width] - value) * (row[x + width] - value);
        }
    }
    const double mean = sum / static_cast<double>(side_ * side_);
    // All black or all white, as in a frame around the picture: it says nothing about the noise.
    if (gradients == 0 && (mean <= 0 || mean >= 1)) return;
    patches_.push_back({offset, gradients, detail::level_of(mean)});
}

void PatchSet::load(const Patch &patch, std::vector<double> &values) const {
    for (std::size_t y = 0; y < side_; ++y) {
        const float *const row =
            plane_.values.data() + patch.offset + y * static_cast<std::size_t>(plane_.width);
        std::copy_n(row, side_, values.begin() + static_cast<std::ptrdiff_t>(y * side_));
    }
}

Statistics PatchSet::choose(const detail::Levels &variances) const {
    const std::size_t size = side_ * side_;
    const auto differences = static_cast<double>(2 * side_ * (side_ - 1));
    // Mean 2 and variance about 20 a difference, of unit noise: a difference shares its pixels with six
    // others.
    const double bound = 2 * differences + kPassingDeviations * std::sqrt(20 * differences);
    const double least = kLeastNoiseKept * *std::ranges::max_element(variances);
    Statistics result{detail::SymmetricMatrix(size)};
    std::vector<double> values(size);
    std::vector<double> sums(size);
    for (const Patch &patch : patches_) {
        const double variance = variances[patch.level];
        if (variance < least || patch.gradients > bound * variance) continue;
        load(patch, values);
        for (std::size_t i = 0; i < size; ++i) {
            sums[i] += values[i];
            for (std::size_t j = 0; j <= i; ++j) result.covariance(i, j) += values[i] * values[j];
        }
        result.counts[patch.level] += 1;
        ++result.patches;
    }
    const double count = static_cast<double>(std::max<std::size_t>(result.patches, 2));
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            const double value = (result.covariance(i, j) - sums[i] * sums[j] / count) / (count - 1);
            result.covariance(i, j) = value;
            result.covariance(j, i) = value;
        }
    }
    return result;
}

/// Leaves out the largest eigenvalues, the texture, until the rest are balanced about their mean.
double noise_variance(const std::vector<double> &ascending) {
    double sum = std::accumulate(ascending.begin(), ascending.end(), 0.0);
    for (std::size_t count = ascending.size(); count > 1; --count) {
        const double mean = sum / static_cast<double>(count);
        const double median = (ascending[count / 2] + ascending[(count - 1) / 2]) / 2;
        if (mean <= median) return std::max(mean, 0.0);
        sum -= ascending[count - 1];
    }
    return std::max(ascending.front(), 0.0);
}

detail::Levels expected_variances(double sigma, bool clipped) {
    if (clipped) return detail::clipped_variances(sigma);
    detail::Levels variances{};
    variances.fill(sigma * sigma);
    return variances;
}

double estimate_plane(const Plane &plane, bool clipped) {
    const PatchSet patches(plane);
    if (patches.empty()) return 0;
    detail::Levels all{};
    all.fill(1e9);
    double sigma = 1;
    for (int round = 0; round < kRounds; ++round) {
        const Statistics chosen = patches.choose(round == 0 ? all : expected_variances(sigma, clipped));
        if (round > 0 && chosen.patches < patches.enough()) break;
        const double variance = noise_variance(detail::eigenvalues(chosen.covariance));
        const double next = clipped ? detail::undo_clipping(chosen.counts, variance) : std::sqrt(variance);
        const bool settled = std::abs(next - sigma) < kConverged * sigma;
        sigma = next;
        if (settled || sigma <= 0) break;
    }
    return sigma;
}

} // namespace

double estimate_noise(const ConstImageView &view) {
    validate(view, "image");
    if (view.width < kSmallestSide || view.height < kSmallestSide) {
        throw Error(ErrorCode::invalid_argument,
                    "noise can be estimated from 16x16 pixels on, not from " + std::to_string(view.width) +
                        "x" + std::to_string(view.height),
                    "image", "state the noise level");
    }
    ConstImageView channel = view;
    channel.channels = 1;
    channel.alpha = AlphaMode::none;
    Plane plane{
        std::vector<float>(static_cast<std::size_t>(view.width) * static_cast<std::size_t>(view.height)),
        view.width, view.height};
    double variance = 0;
    for (std::int32_t i = 0; i < view.color_channels(); ++i) {
        channel.data[0] = view.data[static_cast<std::size_t>(i)];
        gather(channel, {0, 0, view.width, view.height}, plane.values, 1);
        const auto [low, high] = std::ranges::minmax(plane.values);
        const bool clipped = low >= 0 && high <= 1 && (low == 0 || high == 1);
        const double sigma = estimate_plane(plane, clipped);
        variance += sigma * sigma;
    }
    return std::sqrt(variance / view.color_channels());
}

} // namespace mirra::image
