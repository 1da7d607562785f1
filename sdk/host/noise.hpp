// The noise of an image, in bounded memory.
#pragma once

#include "mirra/host.hpp"
#include "mirra/noise_profile.hpp"

#include <functional>
#include <optional>

namespace mirra::host {

/// What was found about a picture's noise, in units of 1/255, of the pixels as tasks see them.
struct NoiseReport {
    std::optional<double> sigma; ///< none where too little is visible to measure, or a side below 16 pixels
    std::array<double, image::kNoiseParts> explained{}; ///< variances, see image::explained_variances
};

/// The most pixels that are looked at all at once.
inline constexpr std::int64_t kWholePixels = std::int64_t{1} << 22;

/// Pictures above 4 megapixels (those in linear light or with premultiplied alpha: above 1) are sampled: the
/// median of five regions.
/// @param between  called before, between and after the regions; what it throws ends the estimate
/// @param source   the picture is read from it, piece by piece; null: the view has its pixels
/// @param threads  that it may use
NoiseReport look_at_noise(
    const image::ConstImageView &view, const std::function<void()> &between = [] {},
    const Pieces *source = nullptr, std::uint64_t threads = 1);

/// Its standard deviation. @throws Error invalid_argument where there is none
double estimate_noise_level(const image::ConstImageView &view, const std::function<void()> &between = [] {});

} // namespace mirra::host
