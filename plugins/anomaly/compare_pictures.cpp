// The difference between pictures and what was made of them: its sum is the score, its place the heat map.
#include "description.hpp"
#include "judge.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace anomaly {
namespace {

using plugin::Planes;

constexpr std::int64_t kReach = 2; ///< of the box that smooths a heat map: 5 x 5

/// Sums over the channels of what `measure` says of two tensors' values, {count, 1, height, width}.
template<class Measure>
Planes sum_channels(const Host &host, const Tensor &a, const Tensor &b, const Measure &measure) {
    const Shape shape = host.shape(a.get());
    const Planes first(host, a.get()), second(host, b.get());
    Planes sums(shape[0], shape[2], shape[3]);
    for (std::int64_t c = 0; c < first.channels(); ++c) {
        const auto one = first.channel(c), other = second.channel(c);
        if (one.size() != other.size()) throw plugin::OutOfBounds();
        const auto sum = sums.channel(c / shape[1]);
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<float>(measure(one[i] - other[i]));
    }
    return sums;
}

double sum_of(plugin::Span<const float> values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
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

void smooth(float *map, std::int64_t height, std::int64_t width) {
    std::vector<float> line;
    for (std::int64_t i = 0; i < height; ++i) spread(map + i * width, width, 1, line);
    for (std::int64_t i = 0; i < width; ++i) spread(map + i, height, width, line);
}

/// Both parts at the pictures' extents; each picture's map sums up to its score.
std::vector<float> heat_of(const Host &host, const Settings &settings, Planes pixels, const Planes &cells) {
    const Planes spread_cells = to_extent(host, settings, cells);
    for (std::int64_t i = 0; i < pixels.channels(); ++i) {
        const auto map = pixels.channel(i);
        const auto brought = spread_cells.channel(i);
        if (brought.size() != map.size()) throw plugin::OutOfBounds();
        const double whole = sum_of(cells.channel(i)), sum = sum_of(brought);
        const auto scale = static_cast<float>(sum > 0 ? settings.feature_weight * whole / sum : 0);
        for (std::size_t k = 0; k < map.size(); ++k)
            map[k] = static_cast<float>(settings.pixel_weight) * map[k] + scale * brought[k];
        smooth(map.data(), pixels.height(), pixels.width());
    }
    return pixels.values();
}

} // namespace

Judgement compare_pictures(const Host &host, const Settings &settings, const Pictures &pictures,
                           const Tensor &features, const Tensor &made) {
    const Tensor of_made = host.shaped(host.run_graph(kEncoder, kImage, made.get(), settings.networks.layer),
                                       host.shape(features.get()), kEncoder);
    Planes pixels = sum_channels(host, made, pictures.tensor, [](float d) { return std::abs(d); });
    Planes cells = sum_channels(host, of_made, features, [](float d) { return d * d; });
    leave_out_hidden(host, settings, pictures, pixels);
    leave_out_hidden(host, settings, pictures, cells);
    Judgement judgement;
    for (std::int64_t i = 0; i < pictures.count; ++i)
        judgement.scores.push_back(settings.feature_weight * sum_of(cells.channel(i)) +
                                   settings.pixel_weight * sum_of(pixels.channel(i)));
    if (settings.needs_heat()) judgement.heat = heat_of(host, settings, std::move(pixels), cells);
    return judgement;
}

} // namespace anomaly
