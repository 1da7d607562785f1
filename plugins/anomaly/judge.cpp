// Judges pictures by the method of the settings, a group of them at a time.
#include "judge.hpp"

#include "description.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace anomaly {
namespace {

Judgement judge_group(const Host &host, const Settings &settings, const Pictures &pictures,
                      const Report &report) {
    if (settings.method == Method::segmentation) return mark_defects(host, settings, pictures);
    if (settings.method == Method::feature_memory) return compare_with_memory(host, settings, pictures);
    const Networks &networks = settings.networks;
    const Tensor features =
        host.shaped(host.run_graph(kEncoder, kImage, pictures.tensor.get(), networks.layer),
                    of_group(networks.features, pictures), kEncoder);
    Tensor made = settings.method == Method::latent_search
                      ? search_pictures(host, settings, pictures, features, report)
                      : host.run_graph(networks.generator, kFeatures, features.get(), kImage);
    made = host.shaped(std::move(made), host.shape(pictures.tensor.get()), networks.generator);
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
    const auto finite = [](double value) { return std::isfinite(value); };
    const auto bad = std::ranges::find_if_not(judgement.scores, finite);
    const auto spot = std::ranges::find_if_not(judgement.heat, finite);
    if (bad == judgement.scores.end() && spot == judgement.heat.end()) return;
    const auto area = settings.networks.extent * settings.networks.extent;
    const std::int64_t which = bad != judgement.scores.end() ? bad - judgement.scores.begin()
                                                             : (spot - judgement.heat.begin()) / area;
    if (settings.method == Method::latent_search) went_astray(host, which);
    host.fail(MIRRA_E_MISMATCH, "the score of picture " + std::to_string(which) + " is no finite number",
              "bundle", "The bundle's networks are damaged; train another: mirra-train anomaly.");
}

} // namespace

Shape of_group(Shape shape, const Pictures &pictures) {
    shape[0] = pictures.count;
    return shape;
}

void went_astray(const Host &host, std::int64_t picture) {
    host.fail(MIRRA_E_INVALID_ARGUMENT,
              "the search for picture " + std::to_string(picture) + " diverged: its steps are too large",
              "rate", "Lower the rate.");
}

std::int64_t largest_group(const Settings &settings) {
    // A memory has thousands of members, and a value for each at every place.
    constexpr std::int64_t kOfMemory = 8, kOfNetworks = 64, kTogether = 1024 * 1024; // pixels
    if (settings.method == Method::feature_memory) return kOfMemory;
    if (settings.method != Method::segmentation) return kOfNetworks;
    const std::int64_t extent = settings.networks.extent;
    return std::clamp<std::int64_t>(kTogether / (extent * extent), 1, kOfNetworks);
}

Judgement judge(const Host &host, const Settings &settings, const std::vector<float> &values) {
    const std::int64_t extent = settings.networks.extent, all = settings.pictures();
    const std::int64_t size = kColors * extent * extent;
    check_precision(host, settings);
    Judgement judgement;
    for (std::int64_t first = 0; first < all;) {
        const std::int64_t count = std::min(largest_group(settings), all - first);
        const auto report = [&](double within) {
            host.progress((static_cast<double>(first) + within * static_cast<double>(count)) /
                          static_cast<double>(all));
        };
        report(0);
        const auto group = plugin::part_of(values, first * size, count * size);
        Pictures pictures{
            host.upload({group.begin(), group.end()}, {count, kColors, extent, extent}), count, first, {}};
        if (first == 0)
            pictures.visible =
                host.port_alpha(kImage, extent, extent, plugin::make_rect(0, 0, extent, extent));
        const Judgement found = judge_group(host, settings, pictures, report);
        judgement.scores.insert(judgement.scores.end(), found.scores.begin(), found.scores.end());
        judgement.heat.insert(judgement.heat.end(), found.heat.begin(), found.heat.end());
        first += count;
    }
    check_scores(host, settings, judgement);
    return judgement;
}

void leave_out_hidden(const Host &host, const Settings &settings, const Pictures &pictures,
                      plugin::Planes &planes) {
    if (pictures.visible.empty()) return;
    const std::int64_t extent = settings.networks.extent;
    const Tensor shares = host.upload(pictures.visible, {1, 1, extent, extent});
    const plugin::Planes at_places(host, host.resampled(shares.get(), planes.height(), planes.width()).get());
    std::ranges::transform(planes.channel(0), at_places.channel(0), planes.channel(0).begin(),
                           std::multiplies<>());
}

plugin::Planes to_extent(const Host &host, const Settings &settings, const plugin::Planes &planes) {
    const std::int64_t extent = settings.networks.extent;
    const Tensor small =
        host.upload(planes.values(), {planes.channels(), 1, planes.height(), planes.width()});
    return {host, host.resampled(small.get(), extent, extent).get()};
}

} // namespace anomaly
