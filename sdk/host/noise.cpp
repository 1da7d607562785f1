// The noise of an image, in bounded memory.
#include "noise.hpp"

#include "pixels.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

constexpr double kUnits = 255;
constexpr std::int64_t kWholePixels = std::int64_t{1} << 22;
constexpr std::int32_t kRegion = 1024;

image::ConstImageView crop(image::ConstImageView view, const image::Rect &rect) {
    for (std::int32_t c = 0; c < view.channels; ++c)
        view.data[static_cast<std::size_t>(c)] = view.at(c, rect.x, rect.y);
    view.width = rect.width;
    view.height = rect.height;
    return view;
}

bool is_converted(const image::ConstImageView &view) {
    return view.transfer == image::Transfer::linear || view.alpha == image::AlphaMode::premultiplied;
}

double estimate_region(const image::ConstImageView &view, const image::Rect &rect) {
    if (!is_converted(view)) return image::estimate_noise(crop(view, rect)) * kUnits;
    const std::int32_t channels = view.color_channels();
    std::vector<float> values(static_cast<std::size_t>(rect.width) * static_cast<std::size_t>(rect.height) *
                              static_cast<std::size_t>(channels));
    load_tile(view, {rect.x, rect.y, rect.width, rect.height}, channels, values);
    const auto *bytes = reinterpret_cast<const std::byte *>(values.data());
    return image::estimate_noise(
               image::interleaved_view(bytes, rect.width, rect.height, channels, image::SampleType::f32)) *
           kUnits;
}

std::vector<image::Rect> regions(const image::ConstImageView &view) {
    const std::int64_t most = is_converted(view) ? std::int64_t{kRegion} * kRegion : kWholePixels;
    if (std::int64_t{view.width} * view.height <= most) return {{0, 0, view.width, view.height}};
    const std::int32_t width = std::min(view.width, kRegion);
    const std::int32_t height = std::min(view.height, kRegion);
    const std::int32_t right = view.width - width;
    const std::int32_t bottom = view.height - height;
    return {{0, 0, width, height},
            {right, 0, width, height},
            {right / 2, bottom / 2, width, height},
            {0, bottom, width, height},
            {right, bottom, width, height}};
}

} // namespace

double estimate_noise_level(const image::ConstImageView &view, const std::function<void()> &between) {
    std::vector<double> estimates;
    for (const image::Rect &region : regions(view)) {
        between();
        estimates.push_back(estimate_region(view, region));
    }
    between();
    std::sort(estimates.begin(), estimates.end());
    return estimates[estimates.size() / 2];
}

} // namespace mirra::host
