// White Gaussian noise that is the same everywhere; standard distributions differ between libraries.
#include "mirra/error.hpp"
#include "mirra/image.hpp"
#include "samples.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mirra::image {
namespace {

constexpr std::uint64_t kGoldenRatio = 0x9e3779b97f4a7c15ULL;

/// SplitMix64's output function (Steele, Lea, Flood 2014).
std::uint64_t mix(std::uint64_t state) noexcept {
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ULL;
    state = (state ^ (state >> 27)) * 0x94d049bb133111ebULL;
    return state ^ (state >> 31);
}

/// Into (0, 1), never its ends.
double to_unit(std::uint64_t bits) noexcept {
    return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
}

} // namespace

void add_gaussian_noise(std::span<float> pixels, double sigma, std::uint64_t seed, bool clip) {
    if (!std::isfinite(sigma) || sigma < 0) {
        throw Error(ErrorCode::invalid_argument, "sigma must be finite and not negative", "sigma");
    }
    const std::uint64_t stream = mix(seed + kGoldenRatio);
    for (std::size_t i = 0; i < pixels.size(); i += 2) {
        const double u = to_unit(mix(stream + (i + 1) * kGoldenRatio));
        const double v = to_unit(mix(stream + (i + 2) * kGoldenRatio));
        const double radius = sigma * std::sqrt(-2 * std::log(u));
        const double angle = 2 * std::numbers::pi * v;
        pixels[i] = static_cast<float>(pixels[i] + radius * std::cos(angle));
        if (i + 1 < pixels.size())
            pixels[i + 1] = static_cast<float>(pixels[i + 1] + radius * std::sin(angle));
    }
    if (clip) std::ranges::transform(pixels, pixels.begin(), detail::clamp_unit);
}

} // namespace mirra::image
