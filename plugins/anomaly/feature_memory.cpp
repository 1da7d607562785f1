// The nearest of the memory's members at each place, by |p - m|^2 = |p|^2 - 2 (p m - |m|^2 / 2).
#include "description.hpp"
#include "judge.hpp"

#include <cmath>
#include <limits>
#include <numeric>

namespace anomaly {
namespace {

/// For each place of each picture, what `join` makes of its channels, starting from `first`.
template<class Join>
std::vector<float> over_channels(const Host &host, const Tensor &tensor, float first, const Join &join) {
    const Shape shape = host.shape(tensor.get());
    const std::vector<float> values = host.download(tensor.get());
    const auto area = static_cast<std::size_t>(shape[2] * shape[3]),
               channels = static_cast<std::size_t>(shape[1]);
    std::vector<float> places(static_cast<std::size_t>(shape[0]) * area, first);
    for (std::size_t i = 0; i < places.size() / area; ++i)
        for (std::size_t c = 0; c < channels; ++c)
            for (std::size_t k = 0; k < area; ++k) {
                float &place = places[i * area + k];
                place = join(place, values[(i * channels + c) * area + k]);
            }
    return places;
}

/// The larger one; not a number where one of them is not, unlike std::max.
float larger(float most, float value) {
    return value > most || std::isnan(value) ? value : most;
}

} // namespace

Judgement compare_with_memory(const Host &host, const Settings &settings, const Pictures &pictures) {
    const std::vector<std::string> outputs{kPatches, kSimilarity};
    const auto found = host.run(kMemory, kImage, pictures.tensor.get(), outputs);
    std::vector<float> distances =
        over_channels(host, found[0], 0, [](float sum, float value) { return sum + value * value; });
    const std::vector<float> nearest =
        over_channels(host, found[1], std::numeric_limits<float>::lowest(), larger);
    for (std::size_t i = 0; i < distances.size(); ++i)
        distances[i] = std::sqrt(larger(0, distances[i] - 2 * nearest[i]));
    const auto places =
        static_cast<std::ptrdiff_t>(distances.size() / static_cast<std::size_t>(pictures.count));
    Judgement judgement;
    for (auto first = distances.begin(); first != distances.end(); first += places)
        judgement.scores.push_back(std::accumulate(first, first + places, 0.0F, larger));
    if (settings.needs_heat()) {
        Shape shape = settings.networks.similarity;
        shape[0] = pictures.count;
        judgement.heat = to_extent(host, settings, distances, shape);
    }
    return judgement;
}

} // namespace anomaly
