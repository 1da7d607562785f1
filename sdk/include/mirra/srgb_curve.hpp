// The curve of sRGB (IEC 61966-2-1) between light and samples. Pure functions, for kernels of a GPU as well;
// thread-safe.
#pragma once

#include "mirra/host_device.hpp"

#include <array>
#include <cmath>
#include <concepts>

namespace mirra::image {

/// samples = kSlope * light up to kDark, kScale * light^(1 / kGamma) - kShift from there on.
struct SrgbCurve {
    static constexpr double kGamma = 2.4, kScale = 1.055, kShift = 0.055, kSlope = 12.92;
    static constexpr double kDark = 0.0031308, kDarkSample = 0.04045;
    /// As parameters of ICC's curve of type 4, from samples to light.
    static constexpr std::array<double, 5> kIcc{kGamma, 1 / kScale, kShift / kScale, 1 / kSlope, kDarkSample};
};

/// Continued above 1 and mirrored below 0, where noise takes dark light.
template<std::floating_point T> MIRRA_HOST_DEVICE T encode_srgb(T light) {
    using C = SrgbCurve;
    const T x = std::abs(light);
    return std::copysign(x <= T(C::kDark) ? x * T(C::kSlope)
                                          : T(C::kScale) * std::pow(x, 1 / T(C::kGamma)) - T(C::kShift),
                         light);
}

/// The inverse.
template<std::floating_point T> MIRRA_HOST_DEVICE T decode_srgb(T encoded) {
    using C = SrgbCurve;
    const T x = std::abs(encoded);
    return std::copysign(x <= T(C::kDarkSample) ? x / T(C::kSlope)
                                                : std::pow((x + T(C::kShift)) / T(C::kScale), T(C::kGamma)),
                         encoded);
}

} // namespace mirra::image
