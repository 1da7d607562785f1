// The farthest of a picture's places from the memory of good ones.
#include "description.hpp"
#include "distances.hpp"
#include "judge.hpp"

#include <numeric>

namespace anomaly {

Judgement compare_with_memory(const Host &host, const Settings &settings, const Pictures &pictures) {
    const std::vector<std::string> outputs{kPatches, kSimilarity};
    auto found = host.run_graph(kMemory, kImage, pictures.tensor.get(), outputs);
    host.require_shape(found[0].get(), of_group(settings.networks.patches, pictures), kMemory);
    host.require_shape(found[1].get(), of_group(settings.networks.similarity, pictures), kMemory);
    plugin::Planes places = distances(host, found[0], found[1]);
    leave_out_hidden(host, settings, pictures, places);
    Judgement judgement;
    for (std::int64_t i = 0; i < places.channels(); ++i) {
        const auto distance = places.channel(i);
        judgement.scores.push_back(std::accumulate(distance.begin(), distance.end(), 0.0F, larger));
    }
    if (settings.needs_heat()) judgement.heat = to_extent(host, settings, places).values();
    return judgement;
}

} // namespace anomaly
