// The difference between pictures and what was made of them: its sum is the score, its place the heat map.
#include "description.hpp"
#include "judge.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace anomaly {
namespace {

constexpr std::int64_t kReach = 2; ///< of the box that smooths a heat map: 5 x 5

/// Sums over the channels of what `measure` says of two values, {count, 1, height, width}.
template<class Measure>
std::vector<float> sum_channels(const std::vector<float> &a, const std::vector<float> &b, const Shape &shape,
                                const Measure &measure) {
    const auto area = static_cast<std::size_t>(shape[2] * shape[3]),
               channels = static_cast<std::size_t>(shape[1]);
    std::vector<float> planes(static_cast<std::size_t>(shape[0]) * area);
    for (std::size_t i = 0; i < a.size(); ++i)
        planes[i / (channels * area) * area + i % area] += static_cast<float>(measure(a[i] - b[i]));
    return planes;
}

double sum_of(const float *values, std::size_t count) {
    return std::accumulate(values, values + count, 0.0);
}

/// The place inside of a line that a place beyond its ends is a mirror image of.
std::int64_t mirrored(std::int64_t place, std::int64_t count) {
    while (place < 0 || place >= count) place = place < 0 ? -1 - place : 2 * count - 1 - place;
    return place;
}

/// Along one axis, each value shared evenly among its neighbours and itself, mirrored at the ends, so that
/// the sum stays and an even map stays even.
void spread(float *values, std::int64_t count, std::int64_t stride, std::vector<float> &line) {
    line.assign(static_cast<std::size_t>(count), 0.0F);
    for (std::int64_t i = 0; i < count; ++i) {
        const float share = values[i * stride] / static_cast<float>(2 * kReach + 1);
        for (std::int64_t k = i - kReach; k <= i + kReach; ++k)
            line[static_cast<std::size_t>(mirrored(k, count))] += share;
    }
    for (std::int64_t i = 0; i < count; ++i) values[i * stride] = line[static_cast<std::size_t>(i)];
}

void smooth(float *map, std::int64_t extent) {
    std::vector<float> line;
    for (std::int64_t i = 0; i < extent; ++i) spread(map + i * extent, extent, 1, line);
    for (std::int64_t i = 0; i < extent; ++i) spread(map + i, extent, extent, line);
}

/// Both parts at the bundle's extent; each picture's map sums up to its score.
std::vector<float> heat_of(const Host &host, const Settings &settings, std::vector<float> pixels,
                           const std::vector<float> &cells, const Shape &shape) {
    const std::int64_t extent = settings.networks.extent;
    const auto area = static_cast<std::size_t>(extent * extent),
               places = static_cast<std::size_t>(shape[2] * shape[3]);
    const std::vector<float> spread_cells = to_extent(host, settings, cells, shape);
    for (std::size_t i = 0; i < static_cast<std::size_t>(shape[0]); ++i) {
        const double whole = sum_of(cells.data() + i * places, places),
                     brought = sum_of(spread_cells.data() + i * area, area);
        const auto scale = static_cast<float>(brought > 0 ? settings.feature_weight * whole / brought : 0);
        float *map = pixels.data() + i * area;
        for (std::size_t k = 0; k < area; ++k)
            map[k] = static_cast<float>(settings.pixel_weight) * map[k] + scale * spread_cells[i * area + k];
        smooth(map, extent);
    }
    return pixels;
}

} // namespace

Judgement compare_pictures(const Host &host, const Settings &settings, const Pictures &pictures,
                           const Tensor &features, const Tensor &made) {
    const Tensor of_made = host.run(kEncoder, kImage, made.get(), settings.networks.layer);
    const Shape image_shape = host.shape(made.get()), feature_shape = host.shape(of_made.get());
    std::vector<float> pixels = sum_channels(host.download(made.get()), host.download(pictures.tensor.get()),
                                             image_shape, [](float d) { return std::abs(d); });
    const std::vector<float> cells = sum_channels(host.download(of_made.get()), host.download(features.get()),
                                                  feature_shape, [](float d) { return d * d; });
    const auto area = pixels.size() / static_cast<std::size_t>(pictures.count),
               places = cells.size() / static_cast<std::size_t>(pictures.count);
    Judgement judgement;
    for (std::size_t i = 0; i < static_cast<std::size_t>(pictures.count); ++i)
        judgement.scores.push_back(settings.feature_weight * sum_of(cells.data() + i * places, places) +
                                   settings.pixel_weight * sum_of(pixels.data() + i * area, area));
    if (settings.needs_heat())
        judgement.heat = heat_of(host, settings, std::move(pixels), cells, feature_shape);
    return judgement;
}

} // namespace anomaly
