// The methods, group by group.
#include "judge.hpp"

#include "description.hpp"

#include <algorithm>
#include <cmath>

namespace anomaly {
namespace {

Judgement judge_group(const Host &host, const Settings &settings, const Pictures &pictures,
                      const Report &report) {
    if (settings.method == Method::feature_memory) return compare_with_memory(host, settings, pictures);
    const Networks &networks = settings.networks;
    const Tensor features = host.run(kEncoder, kImage, pictures.tensor.get(), networks.layer);
    const Tensor made = settings.method == Method::latent_search
                            ? search_pictures(host, settings, pictures, features, report)
                            : host.run(networks.generator, kFeatures, features.get(), kImage);
    return compare_pictures(host, settings, pictures, features, made);
}

void check_precision(const Host &host, const Settings &settings) {
    if (settings.method != Method::feature_memory || host.run_info().precision == MIRRA_PRECISION_FP32)
        return;
    host.fail(MIRRA_E_UNSUPPORTED,
              "the method 'feature-memory' needs full precision: its distances are small differences of "
              "large numbers",
              "precision", "Leave it at auto or fp32, or choose another method.");
}

void check_scores(const Host &host, const Settings &settings, const Judgement &judgement) {
    const auto bad = std::find_if_not(judgement.scores.begin(), judgement.scores.end(),
                                      [](double score) { return std::isfinite(score); });
    if (bad == judgement.scores.end()) return;
    const std::int64_t which = bad - judgement.scores.begin();
    if (settings.method == Method::latent_search) went_astray(host, which);
    host.fail(MIRRA_E_MISMATCH, "the score of picture " + std::to_string(which) + " is no finite number",
              "bundle", "The bundle's networks are damaged; train another: mirra-train anomaly.");
}

} // namespace

void went_astray(const Host &host, std::int64_t picture) {
    host.fail(MIRRA_E_INVALID_ARGUMENT, "the search for picture " + std::to_string(picture) + " went astray",
              "rate", "Lower the rate.");
}

std::int64_t largest_group(Method method) {
    // A memory has thousands of members, and a value for each at every place.
    constexpr std::int64_t kOfMemory = 8, kOfNetworks = 64;
    return method == Method::feature_memory ? kOfMemory : kOfNetworks;
}

Judgement judge(const Host &host, const Settings &settings, const std::vector<float> &values) {
    const std::int64_t extent = settings.networks.extent, all = settings.pictures();
    const auto size = static_cast<std::size_t>(kColors * extent * extent);
    check_precision(host, settings);
    Judgement judgement;
    for (std::int64_t first = 0; first < all;) {
        const std::int64_t count = std::min(largest_group(settings.method), all - first);
        const auto report = [&](double within) {
            host.progress((static_cast<double>(first) + within * static_cast<double>(count)) /
                          static_cast<double>(all));
        };
        report(0);
        const auto begin =
            values.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(first) * size);
        const auto end = begin + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(count) * size);
        const Pictures pictures{host.upload({begin, end}, {count, kColors, extent, extent}), count, first};
        const Judgement found = judge_group(host, settings, pictures, report);
        judgement.scores.insert(judgement.scores.end(), found.scores.begin(), found.scores.end());
        judgement.heat.insert(judgement.heat.end(), found.heat.begin(), found.heat.end());
        first += count;
    }
    check_scores(host, settings, judgement);
    return judgement;
}

std::vector<float> to_extent(const Host &host, const Settings &settings, const std::vector<float> &planes,
                             const Shape &shape) {
    const std::int64_t extent = settings.networks.extent;
    const Tensor small = host.upload(planes, {shape[0], 1, shape[2], shape[3]});
    return host.download(host.resampled(small.get(), extent, extent).get());
}

} // namespace anomaly
