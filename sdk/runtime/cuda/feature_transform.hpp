// The WCT's transform of one channel at one place: centred, multiplied, moved, clamped, and mixed in.
#pragma once

#include "runtime/cuda/feature_moments.hpp"

namespace mirra::cuda {

/// @param product  of the matrix's row and the centred features
MIRRA_HOST_DEVICE inline float moved_and_clamped(const mirra_cuda_transform &transform, std::int64_t channel,
                                                 float product) {
    const float value = product + transform.mean[channel];
    if (value < transform.low) return transform.low;
    return transform.high < value ? transform.high : value;
}

MIRRA_HOST_DEVICE inline void mix_in(const mirra_cuda_transform &transform, std::int64_t channel,
                                     std::int64_t place, float product) {
    const float after = moved_and_clamped(transform, channel, product);
    const float before = transform.features.values[channel * transform.features.stride + place];
    const float share = transform.shares == nullptr ? 1.0F : transform.shares[place];
    transform.out[channel * transform.out_stride + place] += share * (after - before);
}

} // namespace mirra::cuda
