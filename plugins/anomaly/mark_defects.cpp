// The network's word on every pixel: how likely it is part of a defect; and how far the picture as a whole is
// from good ones, in the network's features.
#include "description.hpp"
#include "distances.hpp"
#include "judge.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace anomaly {
namespace {

using plugin::Planes;

/// What is seen of a pixel; all of it where the picture has no alpha.
class Visible {
  public:
    explicit Visible(const std::vector<float> &shares) : shares_(shares) {}
    double operator()(std::size_t pixel) const { return shares_.empty() ? 1 : shares_[pixel]; }

  private:
    const std::vector<float> &shares_;
};

/// The picture less its mean, divided by its standard deviation, both over all channels of what is seen.
/// @param first  its first channel's number
void normalise(Planes &planes, std::int64_t first, const Visible &visible) {
    constexpr double kLeast = 1e-3;
    double sum = 0, squares = 0, weight = 0;
    for (std::int64_t c = first; c < first + kColors; ++c) {
        const auto channel = planes.channel(c);
        for (std::size_t i = 0; i < channel.size(); ++i) {
            const double share = visible(i), value = channel[i];
            sum += share * value;
            squares += share * value * value;
            weight += share;
        }
    }
    const double mean = weight > 0 ? sum / weight : 0;
    const double variance = weight > 0 ? squares / weight - mean * mean : 0;
    const double scale = 1 / std::max(kLeast, std::sqrt(std::max(0.0, variance)));
    for (std::int64_t c = first; c < first + kColors; ++c)
        for (float &value : planes.channel(c)) value = static_cast<float>((value - mean) * scale);
}

/// What the network says of pictures as they are, or turned by half a turn.
struct Look {
    Planes logits;    ///< one for each picture
    Planes distances; ///< of its places to those of good pictures; empty without a memory of them
};

Look look_at(const Host &host, const Settings &settings, const Planes &planes, const Pictures &pictures,
             Order order) {
    const std::int64_t extent = settings.networks.extent;
    const Tensor given = host.upload(planes.values(), {pictures.count, kColors, extent, extent});
    std::vector<std::string> outputs{kLogits};
    if (settings.scale) outputs.insert(outputs.end(), {kCodes, kSimilarity});
    const auto found = host.run_graph(kSegmenter, kNormalised, given.get(), outputs);
    host.require_shape(found[0].get(), {pictures.count, 1, extent, extent}, kSegmenter);
    Look look{{host, found[0].get()}, {}};
    if (!settings.scale) return look;
    host.require_shape(found[1].get(), of_group(settings.networks.patches, pictures), kSegmenter);
    host.require_shape(found[2].get(), of_group(settings.networks.similarity, pictures), kSegmenter);
    look.distances = distances_by_place(host, found[1], found[2], order);
    return look;
}

/// Every plane turned by half a turn.
void turn(Planes &planes) {
    for (std::int64_t c = 0; c < planes.channels(); ++c) std::ranges::reverse(planes.channel(c));
}

/// The mean of the most suspicious pixels: a single one is no defect, and a small defect shall count.
double mean_of_top(plugin::Span<const float> map) {
    constexpr double kShare = 0.001;
    std::vector<float> values(map.begin(), map.end());
    const auto count =
        std::max<std::ptrdiff_t>(1, static_cast<std::ptrdiff_t>(kShare * static_cast<double>(values.size())));
    std::nth_element(values.begin(), values.begin() + (count - 1), values.end(), std::greater<>());
    return std::accumulate(values.begin(), values.begin() + count, 0.0) / static_cast<double>(count);
}

/// The means of both looks' distances, of all places that are seen.
std::vector<double> mean_distances(const Host &host, const Settings &settings, const Pictures &pictures,
                                   Planes &upright, Planes &turned) {
    turn(turned);
    for (std::int64_t i = 0; i < upright.channels(); ++i)
        std::ranges::transform(upright.channel(i), turned.channel(i), upright.channel(i).begin(),
                               [](float a, float b) { return (a + b) / 2; });
    Planes seen(upright.channels(), upright.height(), upright.width());
    for (std::int64_t i = 0; i < seen.channels(); ++i) std::ranges::fill(seen.channel(i), 1.0F);
    leave_out_hidden(host, settings, pictures, seen);
    leave_out_hidden(host, settings, pictures, upright);
    std::vector<double> out;
    for (std::int64_t i = 0; i < upright.channels(); ++i) {
        const auto distance = upright.channel(i);
        const auto share = seen.channel(i);
        const double all = std::accumulate(share.begin(), share.end(), 0.0);
        out.push_back(all > 0 ? std::accumulate(distance.begin(), distance.end(), 0.0) / all : 0);
    }
    return out;
}

/// @param marked  how likely the most suspicious pixels are part of a defect
double joined(const Scale &scale, double distance, double marked) {
    constexpr double kSurest = 1 - 1e-6, kMost = 1e12;
    if (!std::isfinite(distance) || !std::isfinite(marked)) return std::numeric_limits<double>::quiet_NaN();
    const double likely = std::min(marked, kSurest), odds = likely / (1 - likely);
    return std::min(std::pow(distance / scale.distance, scale.distance_power), kMost) +
           std::min(std::pow(odds / scale.odds, scale.odds_power), kMost);
}

} // namespace

Judgement mark_defects(const Host &host, const Settings &settings, const Pictures &pictures) {
    Planes planes(host, pictures.tensor.get());
    const std::vector<float> all;
    for (std::int64_t i = 0; i < pictures.count; ++i)
        normalise(planes, i * kColors, Visible(i == 0 ? pictures.visible : all));
    // Two looks at a picture agree about a defect more than about what they take for one.
    Look upright = look_at(host, settings, planes, pictures, Order::forwards);
    turn(planes);
    Look turned = look_at(host, settings, planes, pictures, Order::backwards);
    turn(turned.logits);
    Planes &marks = upright.logits;
    for (std::int64_t i = 0; i < marks.channels(); ++i)
        std::ranges::transform(marks.channel(i), turned.logits.channel(i), marks.channel(i).begin(),
                               [](float a, float b) { return 1 / (1 + std::exp(-0.5F * (a + b))); });
    leave_out_hidden(host, settings, pictures, marks);
    Judgement judgement;
    for (std::int64_t i = 0; i < marks.channels(); ++i)
        judgement.scores.push_back(mean_of_top(marks.channel(i)));
    if (settings.scale) {
        const auto distances = mean_distances(host, settings, pictures, upright.distances, turned.distances);
        std::ranges::transform(
            distances, judgement.scores, judgement.scores.begin(),
            [&](double distance, double marked) { return joined(*settings.scale, distance, marked); });
    }
    if (settings.needs_heat()) judgement.heat = marks.values();
    return judgement;
}

} // namespace anomaly
