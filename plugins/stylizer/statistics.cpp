// Mean and covariance of features.
#include "statistics.hpp"

#include <cmath>
#include <numeric>

namespace stylizer {

Gatherer::Gatherer(std::int64_t channels)
    : channels_(channels)
    , sums_(static_cast<std::size_t>(channels))
    , products_(static_cast<std::size_t>(channels * channels)) {}

void Gatherer::set_origin(const Block &block) {
    for (std::int64_t c = 0; c < channels_; ++c) {
        const auto values = block.channel(c);
        const double sum = std::accumulate(values.begin(), values.end(), 0.0);
        origin_.push_back(static_cast<float>(sum / static_cast<double>(block.count)));
    }
}

void Gatherer::add(const Host &host, Block block, plugin::Span<const float> weights) {
    const bool weighted = !weights.empty();
    if (block.channels != channels_ || (weighted && std::ssize(weights) != block.count))
        throw plugin::OutOfBounds();
    if (origin_.empty()) set_origin(block);
    std::vector<float> roots; // of the weights: each stands in a product twice
    for (const float weight : weights) roots.push_back(std::sqrt(weight));
    count_ +=
        weighted ? std::accumulate(weights.begin(), weights.end(), 0.0) : static_cast<double>(block.count);
    for (std::int64_t c = 0; c < channels_; ++c) {
        const auto values = block.channel(c);
        const auto at = static_cast<std::size_t>(c);
        double sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] -= origin_[at];
            sum += weighted ? weights[i] * values[i] : values[i];
            if (weighted) values[i] *= roots[i];
        }
        sums_[at] += sum;
    }
    const Tensor shifted = block.upload(host);
    const auto products =
        host.download(host.product(MIRRA_PRODUCT_TRANSPOSE_B, shifted.get(), shifted.get()).get());
    for (std::size_t i = 0; i < products_.size(); ++i) products_[i] += products[i];
}

Statistics Gatherer::result() const {
    if (count_ <= 0) return {};
    Statistics out;
    const double divisor = std::max(count_ - 1, 1.0);
    const auto n = static_cast<std::size_t>(channels_);
    for (std::size_t c = 0; c < n; ++c)
        out.mean.push_back(static_cast<float>(origin_[c] + sums_[c] / count_));
    for (std::size_t c = 0; c < n; ++c)
        for (std::size_t k = 0; k < n; ++k)
            out.covariance.push_back(
                static_cast<float>((products_[c * n + k] - sums_[c] * sums_[k] / count_) / divisor));
    return out;
}

Statistics statistics_of(const Host &host, const Planes &features, const std::vector<float> *weights) {
    Gatherer gatherer(features.channels());
    for_blocks(features, [&](Block block) {
        const auto of_block = weights == nullptr ? plugin::Span<const float>()
                                                 : plugin::part_of(*weights, block.first, block.count);
        gatherer.add(host, std::move(block), of_block);
    });
    return gatherer.result();
}

} // namespace stylizer
