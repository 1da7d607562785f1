// Resampling as the product with a matrix for each axis, blur as a convolution of each picture with its own
// filter.
#include "data/degradation.hpp"

#include "core/device.hpp"
#include "core/random.hpp"
#include "core/seeded.hpp"
#include "core/text.hpp"
#include "log/log.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace mirra::trainer {
namespace {

constexpr double kFullRange = 255;
constexpr std::uint64_t kBlurSalt = 0x626c75720a4d19f3u, kNoiseSalt = 0x6e6f6973c1a7b285u;

/// Keys' cubic convolution (1981) with a = -0.5.
double cubic(double x) {
    x = std::abs(x);
    if (x >= 2) return 0;
    const double square = x * x, cube = square * x;
    return x <= 1 ? 1.5 * cube - 2.5 * square + 1 : -0.5 * cube + 2.5 * square - 4 * x + 2;
}

/// An index beyond an axis as its mirrored continuation, the edge twice, has it.
std::int64_t mirrored(std::int64_t index, std::int64_t extent) {
    const auto period = 2 * extent, place = (index % period + period) % period;
    return place < extent ? place : period - 1 - place;
}

/// [to, from]
torch::Tensor resize_matrix(std::int64_t from, std::int64_t to) {
    const double scale = static_cast<double>(to) / static_cast<double>(from);
    const double narrow = std::min(scale, 1.0), reach = 2 / narrow;
    const auto matrix = torch::zeros({to, from}, at::kDouble);
    auto values = matrix.accessor<double, 2>();
    for (std::int64_t i = 0; i < to; ++i) {
        const double centre = (static_cast<double>(i) + 0.5) / scale - 0.5;
        double sum = 0;
        std::vector<double> taps;
        const auto first = static_cast<std::int64_t>(std::floor(centre - reach)) + 1;
        const auto last = static_cast<std::int64_t>(std::ceil(centre + reach)) - 1;
        for (auto j = first; j <= last; ++j)
            sum += taps.emplace_back(cubic(narrow * (centre - static_cast<double>(j))));
        for (auto j = first; j <= last; ++j)
            values[i][mirrored(j, from)] += taps[static_cast<std::size_t>(j - first)] / sum;
    }
    return matrix.to(at::kFloat);
}

/// A filter a picture, [N, 2 radius + 1].
torch::Tensor gaussians(const std::vector<double> &sigmas, std::int64_t radius) {
    constexpr double kLeast = 1e-3; // a filter of one pixel
    const auto sigma = torch::tensor(sigmas, at::kDouble).clamp_min(kLeast).view({-1, 1});
    const auto x = torch::arange(-radius, radius + 1, at::kDouble).view({1, -1});
    const auto filter = torch::exp(-(x / sigma).square() / 2);
    return (filter / filter.sum(1, true)).to(at::kFloat);
}

} // namespace

torch::Tensor resized_bicubic(const torch::Tensor &pictures, std::int64_t height, std::int64_t width) {
    const auto rows = sent(resize_matrix(pictures.size(2), height), pictures.device());
    const auto columns = sent(resize_matrix(pictures.size(3), width), pictures.device());
    return torch::matmul(torch::matmul(rows, pictures), columns.t());
}

torch::Tensor blurred(const torch::Tensor &pictures, const std::vector<double> &sigmas) {
    constexpr double kReach = 3;
    const auto count = pictures.size(0), channels = pictures.size(1);
    const auto radius = static_cast<std::int64_t>(std::ceil(kReach * std::ranges::max(sigmas)));
    if (radius == 0) return pictures;
    const auto filters =
        sent(gaussians(sigmas, radius), pictures.device()).repeat_interleave(channels, 0).unsqueeze(1);
    auto x = at::replication_pad2d(pictures, {radius, radius, radius, radius});
    x = x.reshape({1, count * channels, x.size(2), x.size(3)});
    constexpr std::int64_t kStride = 1, kPadding = 0, kDilation = 1;
    for (const int axis : {-1, -2}) // down, then along the rows
        x = at::conv2d(x, filters.unsqueeze(axis), std::nullopt, kStride, kPadding, kDilation,
                       count * channels);
    return x.view(pictures.sizes());
}

torch::Tensor in_8_bits(const torch::Tensor &pictures) {
    return (pictures.clamp(0, 1) * kFullRange).round() / kFullRange;
}

void Degradation::declare(RecipeKeys &keys) {
    constexpr double kMostBlur = 10, kMostDownscale = 16;
    keys.real("degradation.blur_minimum", blur_minimum, {0, kMostBlur},
              "Least blur: sigma of a Gaussian, in pixels");
    blur_maximum = std::max(blur_maximum, blur_minimum);
    keys.real("degradation.blur_maximum", blur_maximum, {blur_minimum, kMostBlur},
              "Most blur: sigma of a Gaussian, in pixels")
        .values = "from the minimum to 10";
    keys.integer("degradation.downscale", downscale, {1, kMostDownscale},
                 "How many times smaller the sides become (bicubic, antialiased)");
    keys.real("degradation.noise_minimum", noise_minimum, {0, kFullRange}, "Least Gaussian noise, of 255");
    noise_maximum = std::max(noise_maximum, noise_minimum);
    keys.real("degradation.noise_maximum", noise_maximum, {noise_minimum, kFullRange},
              "Most Gaussian noise, of 255")
        .values = "from the minimum to 255";
}

Degradation Degradation::middle() const {
    auto out = *this;
    out.blur_minimum = out.blur_maximum = (blur_minimum + blur_maximum) / 2;
    out.noise_minimum = out.noise_maximum = (noise_minimum + noise_maximum) / 2;
    return out;
}

std::string Degradation::text() const {
    std::vector<std::string> parts;
    const auto range = [&](const char *name, double low, double high) {
        if (high <= 0) return;
        parts.push_back(std::string(name) + " " + shortest(low) +
                        (low < high ? " to " + shortest(high) : std::string()));
    };
    range("blur", blur_minimum, blur_maximum);
    if (downscale > 1) parts.push_back("downscale " + std::to_string(downscale));
    range("noise", noise_minimum, noise_maximum);
    return parts.empty() ? "none" : joined(parts);
}

torch::Tensor degraded(const torch::Tensor &pictures, const Degradation &degradation, std::uint64_t seed,
                       std::int64_t step) {
    const auto count = pictures.size(0);
    auto out = pictures.contiguous();
    const auto drawn = [&](std::uint64_t salt, double low, double high) {
        std::vector<double> values;
        for (std::int64_t i = 0; i < count; ++i)
            values.push_back(
                CounterRandom(seed ^ salt, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(i))
                    .uniform(low, high));
        return values;
    };
    if (degradation.blur_maximum > 0)
        out = blurred(out, drawn(kBlurSalt, degradation.blur_minimum, degradation.blur_maximum));
    if (degradation.downscale > 1)
        out = resized_bicubic(out, out.size(2) / degradation.downscale, out.size(3) / degradation.downscale);
    if (degradation.noise_maximum > 0) {
        const auto sigmas = torch::tensor(
            drawn(kNoiseSalt, degradation.noise_minimum / kFullRange, degradation.noise_maximum / kFullRange),
            at::kFloat);
        const auto generator =
            seeded(out.device(), CounterRandom(~seed ^ kNoiseSalt, static_cast<std::uint64_t>(step)).bits());
        out = out + sent(sigmas, out.device()).view({-1, 1, 1, 1}) *
                        torch::randn(out.sizes(), generator, out.options());
    }
    return in_8_bits(out).contiguous(at::MemoryFormat::ChannelsLast);
}

} // namespace mirra::trainer
