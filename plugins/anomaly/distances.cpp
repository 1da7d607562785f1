// Lengths of patches and their most similar members, place by place.
#include "distances.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace anomaly {
namespace {

using plugin::Planes;

constexpr float kNone = std::numeric_limits<float>::lowest();

/// For each place of each picture, what `join` makes of its channels, starting from `first`.
/// @param join  (so far, value, channel, place)
template<class Join>
Planes over_channels(const Host &host, const Tensor &tensor, float first, const Join &join) {
    const Shape shape = host.shape(tensor.get());
    const Planes values(host, tensor.get());
    Planes places(shape[0], shape[2], shape[3]);
    for (std::int64_t i = 0; i < places.channels(); ++i) std::ranges::fill(places.channel(i), first);
    for (std::int64_t c = 0; c < values.channels(); ++c) {
        const auto channel = values.channel(c);
        const auto place = places.channel(c / shape[1]);
        for (std::size_t k = 0; k < place.size(); ++k)
            place[k] = join(place[k], channel[k], static_cast<std::size_t>(c % shape[1]), k);
    }
    return places;
}

/// What rounding leaves of squared distances, as a share of |p|^2, where so many products are added: places
/// that lie nearer to a member than that count as being that far from it. Else the distance of a place to
/// itself would be another on every processor and in every company.
float resolution(std::int64_t channels) {
    constexpr double kHalfStep = 0x1p-24, kSums = 4;
    return static_cast<float>(kSums * kHalfStep * std::sqrt(static_cast<double>(channels)));
}

Planes from_similarity(const Host &host, const Tensor &patches, const Planes &nearest) {
    const float least = resolution(host.shape(patches.get())[1]);
    Planes out = over_channels(host, patches, 0, [](float sum, float value, std::size_t, std::size_t) {
        return sum + value * value;
    });
    for (std::int64_t i = 0; i < out.channels(); ++i) {
        const auto distance = out.channel(i);
        const auto near = nearest.channel(i);
        for (std::size_t k = 0; k < distance.size(); ++k)
            distance[k] = std::isfinite(near[k])
                              ? std::sqrt(larger(least * distance[k], distance[k] - 2 * near[k]))
                              : std::numeric_limits<float>::quiet_NaN();
    }
    return out;
}

} // namespace

float larger(float most, float value) {
    return value > most || std::isnan(value) ? value : most;
}

Planes distances(const Host &host, const Tensor &patches, const Tensor &similarity) {
    return from_similarity(
        host, patches,
        over_channels(host, similarity, kNone,
                      [](float most, float value, std::size_t, std::size_t) { return larger(most, value); }));
}

Planes distances_by_place(const Host &host, const Tensor &patches, const Tensor &similarity, Order order) {
    const Shape shape = host.shape(similarity.get());
    const auto places = static_cast<std::size_t>(shape[2] * shape[3]);
    const auto members = static_cast<std::size_t>(shape[1]) / places;
    const auto join = [&](float most, float value, std::size_t channel, std::size_t place) {
        const std::size_t of = order == Order::forwards ? place : places - 1 - place;
        return channel / members == of ? larger(most, value) : most;
    };
    return from_similarity(host, patches, over_channels(host, similarity, kNone, join));
}

} // namespace anomaly
