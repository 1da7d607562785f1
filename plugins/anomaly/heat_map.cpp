// Draws heat maps: colours over the gray picture, or gray alone.
#include "heat_map.hpp"

#include "mirra/mirra_plugin.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace anomaly {
namespace {

using Color = std::array<float, 3>;

/// Black, violet, red, orange, yellow: brighter is more, to every eye (the map "inferno" of matplotlib).
Color color_of(float level) {
    constexpr std::array<std::array<int, 3>, 10> kStops{{{0, 0, 4},
                                                         {27, 12, 65},
                                                         {74, 12, 107},
                                                         {120, 28, 109},
                                                         {165, 44, 96},
                                                         {207, 68, 70},
                                                         {237, 105, 37},
                                                         {251, 155, 6},
                                                         {247, 209, 61},
                                                         {252, 255, 164}}};
    const float at = level * static_cast<float>(kStops.size() - 1);
    const std::size_t below = std::min(static_cast<std::size_t>(at), kStops.size() - 2);
    const float part = at - static_cast<float>(below);
    Color color{};
    for (std::size_t c = 0; c < color.size(); ++c)
        color[c] = ((1 - part) * static_cast<float>(kStops[below][c]) +
                    part * static_cast<float>(kStops[below + 1][c])) /
                   255;
    return color;
}

/// How likely the marks of a picture at the threshold are, if it looks like good ones otherwise.
double mark_at(double threshold, const Scale &scale) {
    constexpr double kUnit = 1, kSmallest = 1e-6; // a good picture's distance counts as one
    const double above = std::max(kSmallest, threshold - kUnit);
    const double odds = scale.odds * std::pow(above, 1 / std::max(kSmallest, scale.odds_power));
    return std::isfinite(odds) ? odds / (1 + odds) : 1;
}

/// The heat that is drawn in the middle of the scale.
double middle_of(const Settings &settings, const std::vector<float> &heat) {
    // Differences gather: where there is one, it stands out from the mean that the threshold gives a map.
    constexpr double kGathered = 4;
    const auto &threshold = settings.calibration.threshold;
    const bool summed = settings.method == Method::reconstruction || settings.method == Method::latent_search;
    const double middle = !threshold       ? *std::max_element(heat.begin(), heat.end()) / 2
                          : summed         ? kGathered * *threshold / static_cast<double>(heat.size())
                          : settings.scale ? mark_at(*threshold, *settings.scale)
                                           : *threshold;
    return middle > 0 ? middle : 1;
}

} // namespace

Tensor draw_heat(const Host &host, const Settings &settings, const std::vector<float> &heat,
                 const mirra_tensor *image) {
    const std::int64_t extent = settings.networks.extent;
    const Shape shape = host.shape(image);
    const double end = 2 * middle_of(settings, heat); // of the scale
    const Tensor small = host.upload(heat, {1, 1, extent, extent});
    const plugin::Planes levels(host, host.resampled(small.get(), shape[2], shape[3]).get());
    plugin::Planes pixels(host, image);
    const auto heats = levels.channel(0);
    const std::array planes{pixels.channel(0), pixels.channel(1), pixels.channel(2)};
    for (std::size_t i = 0; i < heats.size(); ++i) {
        const auto level = static_cast<float>(std::clamp(heats[i] / end, 0.0, 1.0));
        const float gray = 0.299F * planes[0][i] + 0.587F * planes[1][i] + 0.114F * planes[2][i];
        const Color color = color_of(level);
        for (std::size_t c = 0; c < color.size(); ++c)
            planes[c][i] = settings.overlay ? 0.5F * (gray + color[c]) : level;
    }
    return host.upload(pixels.values(), {1, kColors, shape[2], shape[3]});
}

} // namespace anomaly
