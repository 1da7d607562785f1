// Sums over places of features, of what the covariance of the WCT is made: products in float over a run of
// places, runs in double, so that nothing is lost over a picture.
#pragma once

#include "mirra/host_device.hpp"
#include "runtime/cuda/kernels.h"

#include <cmath>
#include <cstdint>

namespace mirra::cuda {

/// Places of a run, whose products are added in float.
inline constexpr std::int64_t kRunPlaces = 256;
/// Places of a slice, which one block of threads goes over.
inline constexpr std::int64_t kSlicePlaces = 4096;

MIRRA_HOST_DEVICE inline std::int64_t slices_of(std::int64_t count) {
    return (count + kSlicePlaces - 1) / kSlicePlaces;
}

/// The value of a channel at a place less its origin.
MIRRA_HOST_DEVICE inline float centred(const mirra_cuda_features &features, std::int64_t channel,
                                       std::int64_t place) {
    return features.values[channel * features.stride + place] - features.origin[channel];
}

/// The same times the root of the place's weight: each weight stands in a product twice.
MIRRA_HOST_DEVICE inline float rooted(const mirra_cuda_moments &moments, std::int64_t channel,
                                      std::int64_t place) {
    const float value = centred(moments.features, channel, place);
    return moments.weights == nullptr ? value : value * std::sqrt(moments.weights[place]);
}

MIRRA_HOST_DEVICE inline float weighted(const mirra_cuda_moments &moments, std::int64_t channel,
                                        std::int64_t place) {
    const float value = centred(moments.features, channel, place);
    return moments.weights == nullptr ? value : moments.weights[place] * value;
}

/// The sum of the products of two channels over a slice, place by place.
class ProductSum {
  public:
    MIRRA_HOST_DEVICE void add(float a, float b) { run_ = std::fma(a, b, run_); }
    /// After each run of places, and after the last.
    MIRRA_HOST_DEVICE void end_run() {
        total_ += static_cast<double>(run_);
        run_ = 0;
    }
    [[nodiscard]] MIRRA_HOST_DEVICE double total() const { return total_; }

  private:
    float run_ = 0;
    double total_ = 0;
};

} // namespace mirra::cuda
