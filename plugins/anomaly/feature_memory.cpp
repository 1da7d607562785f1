// The nearest of the memory's members at each place, by |p - m|^2 = |p|^2 - 2 (p m - |m|^2 / 2).
#include "description.hpp"
#include "judge.hpp"

#include <cmath>
#include <limits>
#include <numeric>

namespace anomaly {
namespace {

using plugin::Planes;

/// For each place of each picture, what `join` makes of its channels, starting from `first`.
template<class Join>
Planes over_channels(const Host &host, const Tensor &tensor, float first, const Join &join) {
    const Shape shape = host.shape(tensor.get());
    const Planes values(host, tensor.get());
    Planes places(shape[0], shape[2], shape[3]);
    for (std::int64_t i = 0; i < places.channels(); ++i) std::ranges::fill(places.channel(i), first);
    for (std::int64_t c = 0; c < values.channels(); ++c) {
        const auto channel = values.channel(c);
        const auto place = places.channel(c / shape[1]);
        for (std::size_t k = 0; k < place.size(); ++k) place[k] = join(place[k], channel[k]);
    }
    return places;
}

/// The larger one; not a number where one of them is not, unlike std::max.
float larger(float most, float value) {
    return value > most || std::isnan(value) ? value : most;
}

/// What rounding leaves of squared distances, as a share of |p|^2, where so many products are added: places
/// that lie nearer to a member than that count as being that far from it. Else the distance of a place to
/// itself would be another on every processor and in every company.
float resolution(std::int64_t channels) {
    constexpr double kHalfStep = 0x1p-24, kSums = 4;
    return static_cast<float>(kSums * kHalfStep * std::sqrt(static_cast<double>(channels)));
}

} // namespace

Judgement compare_with_memory(const Host &host, const Settings &settings, const Pictures &pictures) {
    const std::vector<std::string> outputs{kPatches, kSimilarity};
    auto found = host.run_graph(kMemory, kImage, pictures.tensor.get(), outputs);
    host.require_shape(found[0].get(), of_group(settings.networks.patches, pictures), kMemory);
    host.require_shape(found[1].get(), of_group(settings.networks.similarity, pictures), kMemory);
    const float least = resolution(settings.networks.patches[1]);
    Planes distances =
        over_channels(host, found[0], 0, [](float sum, float value) { return sum + value * value; });
    const Planes nearest = over_channels(host, found[1], std::numeric_limits<float>::lowest(), larger);
    for (std::int64_t i = 0; i < distances.channels(); ++i) {
        const auto distance = distances.channel(i);
        const auto near = nearest.channel(i);
        for (std::size_t k = 0; k < distance.size(); ++k)
            distance[k] = std::sqrt(larger(least * distance[k], distance[k] - 2 * near[k]));
    }
    leave_out_hidden(host, settings, pictures, distances);
    Judgement judgement;
    for (std::int64_t i = 0; i < distances.channels(); ++i) {
        const auto distance = distances.channel(i);
        judgement.scores.push_back(std::accumulate(distance.begin(), distance.end(), 0.0F, larger));
    }
    if (settings.needs_heat()) judgement.heat = to_extent(host, settings, distances).values();
    return judgement;
}

} // namespace anomaly
