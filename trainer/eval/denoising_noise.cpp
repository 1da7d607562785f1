// Adding noise to pictures.
#include "eval/denoising_noise.hpp"

#include "mirra/image.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

namespace mirra::trainer {
namespace {

constexpr double kFullRange = 255;
constexpr std::size_t kColors = 3;

void add_noise(std::span<float> values, const PictureNoise &noise, std::uint64_t seed) {
    const double sigma = noise.sigma / kFullRange, gain = noise.gain / kFullRange;
    if (noise.gain == 0) return image::add_gaussian_noise(values, sigma, seed, noise.clipped);
    std::vector<float> normal(values.size());
    image::add_gaussian_noise(normal, 1, seed, false);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double noisy = values[i] + std::sqrt(gain * values[i] + sigma * sigma) * normal[i];
        values[i] = static_cast<float>(noise.clipped ? std::clamp(noisy, 0.0, 1.0) : noisy);
    }
}

FloatPicture weighted(FloatPicture picture, const std::array<float, kColors> &weights) {
    for (std::size_t i = 0; i < picture.values.size(); i += kColors) {
        const std::span pixel(&picture.values[i], kColors);
        std::ranges::fill(pixel, std::inner_product(pixel.begin(), pixel.end(), weights.begin(), 0.0F));
    }
    return picture;
}

} // namespace

double mean_deviation(const FloatPicture &clean, const PictureNoise &noise) {
    const double mean = std::accumulate(clean.values.begin(), clean.values.end(), 0.0) /
                        static_cast<double>(std::max<std::size_t>(1, clean.values.size()));
    const double sigma = noise.sigma / kFullRange;
    return std::sqrt(noise.gain / kFullRange * mean + sigma * sigma);
}

FloatPicture with_noise(const FloatPicture &clean, const PictureNoise &noise, bool gray, std::uint64_t seed) {
    auto out = clean;
    if (!gray) {
        add_noise(out.values, noise, seed);
        return out;
    }
    std::vector<float> plane(clean.values.size() / kColors);
    for (std::size_t i = 0; i < plane.size(); ++i) plane[i] = clean.values[kColors * i];
    add_noise(plane, noise, seed);
    for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] = plane[i / kColors];
    return out;
}

FloatPicture in_gray(FloatPicture picture) {
    return weighted(std::move(picture), {0.299F, 0.587F, 0.114F});
}

FloatPicture mean_of_channels(FloatPicture picture) {
    return weighted(std::move(picture), {1 / 3.0F, 1 / 3.0F, 1 / 3.0F});
}

} // namespace mirra::trainer
