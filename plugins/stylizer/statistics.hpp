// Mean and covariance of features.
#pragma once

#include "block.hpp"

namespace stylizer {

/// Of the features of one layer.
struct Statistics {
    std::vector<float> mean;       ///< of each channel
    std::vector<float> covariance; ///< {channels, channels}; the identity not yet added
    [[nodiscard]] bool empty() const { return mean.empty(); }
    [[nodiscard]] std::int64_t channels() const { return static_cast<std::int64_t>(mean.size()); }
};

/// Gathers them block by block. Sums are taken in double, of values less the first block's mean, so that
/// nothing is lost where the mean is large.
class Gatherer {
  public:
    explicit Gatherer(std::int64_t channels);
    /// @param weights  of each place, 0 ... 1; empty: 1
    void add(const Host &host, Block block, plugin::Span<const float> weights = {});
    /// Divides by the count less one, or by one if there is no more; empty where all weights were zero.
    [[nodiscard]] Statistics result() const;

  private:
    void set_origin(const Block &block);

    std::int64_t channels_;
    double count_ = 0;
    std::vector<float> origin_;
    std::vector<double> sums_, products_;
};

/// Of all places. @param weights  of each; null: 1
Statistics statistics_of(const Host &host, const Planes &features,
                         const std::vector<float> *weights = nullptr);

} // namespace stylizer
