// The network's word on every pixel: how likely it is part of a defect.
#include "description.hpp"
#include "judge.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
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

/// What the network says of pictures, {count, 1, extent, extent}.
Planes logits_of(const Host &host, const Settings &settings, const std::vector<float> &values,
                 std::int64_t count) {
    const std::int64_t extent = settings.networks.extent;
    const Tensor given = host.upload(values, {count, kColors, extent, extent});
    const Tensor logits = host.shaped(host.run_graph(kSegmenter, kNormalised, given.get(), kLogits),
                                      {count, 1, extent, extent}, kSegmenter);
    return {host, logits.get()};
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

} // namespace

Judgement mark_defects(const Host &host, const Settings &settings, const Pictures &pictures) {
    Planes planes(host, pictures.tensor.get());
    const std::vector<float> all;
    for (std::int64_t i = 0; i < pictures.count; ++i)
        normalise(planes, i * kColors, Visible(i == 0 ? pictures.visible : all));
    // Two looks at a picture agree about a defect more than about what they take for one.
    Planes marks = logits_of(host, settings, planes.values(), pictures.count);
    turn(planes);
    Planes turned = logits_of(host, settings, planes.values(), pictures.count);
    turn(turned);
    for (std::int64_t i = 0; i < marks.channels(); ++i)
        std::ranges::transform(marks.channel(i), turned.channel(i), marks.channel(i).begin(),
                               [](float a, float b) { return 1 / (1 + std::exp(-0.5F * (a + b))); });
    leave_out_hidden(host, settings, pictures, marks);
    Judgement judgement;
    for (std::int64_t i = 0; i < marks.channels(); ++i)
        judgement.scores.push_back(mean_of_top(marks.channel(i)));
    if (settings.needs_heat()) judgement.heat = marks.values();
    return judgement;
}

} // namespace anomaly
