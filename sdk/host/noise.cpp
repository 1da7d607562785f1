// The noise of an image, in bounded memory.
#include "noise.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

constexpr std::int64_t kWholePixels = std::int64_t{1} << 22;
constexpr std::int32_t kRegion = 1024;

image::ConstImageView crop(image::ConstImageView view, std::int32_t x, std::int32_t y, std::int32_t width,
                           std::int32_t height) {
    for (std::int32_t c = 0; c < view.channels; ++c)
        view.data[static_cast<std::size_t>(c)] = view.at(c, x, y);
    view.width = width;
    view.height = height;
    return view;
}

} // namespace

double estimate_noise_level(const image::ConstImageView &view) {
    constexpr double kUnits = 255;
    if (std::int64_t{view.width} * view.height <= kWholePixels) return image::estimate_noise(view) * kUnits;
    const std::int32_t width = std::min(view.width, kRegion);
    const std::int32_t height = std::min(view.height, kRegion);
    const std::int32_t right = view.width - width;
    const std::int32_t bottom = view.height - height;
    const std::array<std::array<std::int32_t, 2>, 5> corners{
        {{0, 0}, {right, 0}, {right / 2, bottom / 2}, {0, bottom}, {right, bottom}}};
    std::array<double, 5> estimates{};
    for (std::size_t i = 0; i < corners.size(); ++i) {
        estimates[i] = image::estimate_noise(crop(view, corners[i][0], corners[i][1], width, height));
    }
    std::sort(estimates.begin(), estimates.end());
    return estimates[2] * kUnits;
}

} // namespace mirra::host
