// The whitening and colouring transform (WCT): gives features the statistics of a style.
#include "whitening_coloring.hpp"

#include <cmath>

namespace stylizer {
namespace {

/// What is added to the variances, so that a matrix can be inverted.
float ridge_of(const Statistics &statistics, double epsilon) {
    if (epsilon == 0) return 1;
    constexpr double kLeast = 1e-6; // of a picture of one colour
    const std::int64_t n = statistics.channels();
    double trace = 0;
    for (std::int64_t i = 0; i < n; ++i)
        trace += statistics.covariance[static_cast<std::size_t>(i * (n + 1))];
    return static_cast<float>(std::max(kLeast, epsilon * trace / static_cast<double>(n)));
}

/// (covariance + ridge)^exponent.
Tensor power(const Host &host, const Statistics &statistics, double epsilon, double exponent) {
    const float ridge = ridge_of(statistics, epsilon);
    const float least = 1e-5F * ridge; // of the eigenvalues, which are at least the ridge but for rounding
    const std::int64_t n = statistics.channels();
    std::vector<float> matrix = statistics.covariance;
    for (std::int64_t i = 0; i < n; ++i) matrix[static_cast<std::size_t>(i * (n + 1))] += ridge;
    const plugin::Eigen eigen = host.eigen(host.upload(matrix, {n, n}).get());
    std::vector<float> values = host.download(eigen.values.get());
    for (float &value : values)
        value = static_cast<float>(std::pow(static_cast<double>(std::max(value, least)), exponent));
    const Tensor scaled =
        host.binary(MIRRA_BINARY_MULTIPLY, eigen.vectors.get(), host.upload(values, {1, n}).get());
    return host.product(MIRRA_PRODUCT_TRANSPOSE_B, scaled.get(), eigen.vectors.get());
}

/// What one style makes of features.
class Coloring {
  public:
    Coloring(const Host &host, const Statistics &content, const Statistics &style, double epsilon)
        : mean_(content.mean)
        , matrix_(host.product(0, power(host, style, epsilon, 0.5).get(),
                               power(host, content, epsilon, -0.5).get()))
        , style_mean_(host.upload(style.mean, {style.channels(), 1})) {}

    [[nodiscard]] std::vector<float> apply(const Host &host, Block block, float low, float high) const {
        for (std::int64_t c = 0; c < block.channels; ++c) {
            const float mean = plugin::part_of(mean_, c, 1).front();
            for (float &value : block.channel(c)) value -= mean;
        }
        const Tensor colored = host.product(0, matrix_.get(), block.upload(host).get());
        const Tensor moved = host.binary(MIRRA_BINARY_ADD, colored.get(), style_mean_.get());
        return host.download(host.clamped(moved.get(), low, high).get());
    }

  private:
    std::vector<float> mean_;
    Tensor matrix_, style_mean_;
};

/// A style at work.
struct Share {
    Coloring coloring;
    const LevelStyle *style;
};

/// Of the places that a mask covers, as far as they are seen.
Statistics statistics_behind(const Host &host, const Planes &features, const std::vector<float> *mask,
                             const std::vector<float> &visible) {
    if (visible.empty()) return statistics_of(host, features, mask);
    std::vector<float> weights = visible;
    if (mask != nullptr)
        for (std::size_t i = 0; i < weights.size(); ++i) weights[i] *= (*mask)[i];
    return statistics_of(host, features, &weights);
}

std::vector<Share> shares_of(const Host &host, const Planes &features, const std::vector<LevelStyle> &styles,
                             const std::vector<float> &visible, double epsilon) {
    Statistics whole;
    std::vector<Share> shares;
    for (const LevelStyle &style : styles) {
        if (style.mask == nullptr && whole.empty())
            whole = statistics_behind(host, features, nullptr, visible);
        const Statistics covered =
            style.mask == nullptr ? Statistics{} : statistics_behind(host, features, style.mask, visible);
        const Statistics &content = style.mask == nullptr ? whole : covered;
        if (!content.empty()) shares.push_back({{host, content, *style.statistics, epsilon}, &style});
    }
    return shares;
}

/// The weights of a style at the places of a block.
std::vector<float> weights_at(const LevelStyle &style, const Block &block) {
    std::vector<float> weights(static_cast<std::size_t>(block.count), static_cast<float>(style.weight));
    if (style.mask == nullptr) return weights;
    const auto mask = plugin::part_of(*style.mask, block.first, block.count);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(style.weight * mask[i]);
    return weights;
}

/// Of all shares, of each place of a block.
std::vector<float> total_weights(const std::vector<Share> &shares, const Block &block) {
    std::vector<float> total(static_cast<std::size_t>(block.count));
    for (const Share &share : shares) {
        const auto weights = weights_at(*share.style, block);
        for (std::size_t i = 0; i < total.size(); ++i) total[i] += weights[i];
    }
    return total;
}

/// How much of each place comes from a style.
std::vector<float> parts_of(const LevelStyle &style, const Block &block, const std::vector<float> &total,
                            double strength) {
    auto parts = weights_at(style, block);
    for (std::size_t i = 0; i < parts.size(); ++i)
        parts[i] = parts[i] > 0 ? static_cast<float>(strength) * parts[i] / total[i] : 0;
    return parts;
}

} // namespace

void whiten_and_color(const Host &host, Planes &features, const std::vector<LevelStyle> &styles,
                      const std::vector<float> &visible, const Transform &transform) {
    const auto shares = shares_of(host, features, styles, visible, transform.epsilon);
    if (shares.empty()) return;
    const auto [low, high] = std::minmax_element(features.values().begin(), features.values().end());
    const float least = *low, most = *high;
    for_blocks(features, [&](const Block &block) {
        const std::vector<float> total = total_weights(shares, block);
        for (const Share &share : shares) {
            const std::vector<float> styled = share.coloring.apply(host, block, least, most);
            const std::vector<float> part = parts_of(*share.style, block, total, transform.strength);
            for (std::int64_t c = 0; c < block.channels; ++c) {
                const auto before = block.channel(c),
                           after = plugin::part_of(styled, c * block.count, block.count);
                const auto channel = features.channel(c);
                const auto to = plugin::part_of(channel, block.first, block.count);
                for (std::size_t i = 0; i < to.size(); ++i) to[i] += part[i] * (after[i] - before[i]);
            }
        }
    });
}

} // namespace stylizer
