// The Haar transform of one square of two by two values, for the processor's rows and for kernels of a GPU.
#pragma once

#include "mirra/host_device.hpp"

namespace mirra::runtime {

/// LL, LH (high-pass along x), HL (along y), HH.
struct HaarBands {
    float ll, lh, hl, hh;
};

/// a b
/// c d
struct HaarSquare {
    float a, b, c, d;
};

MIRRA_HOST_DEVICE inline HaarBands haar_bands(const HaarSquare &s) {
    const float sum_top = s.a + s.b, difference_top = s.b - s.a;
    const float sum_bottom = s.c + s.d, difference_bottom = s.d - s.c;
    return {0.5f * (sum_top + sum_bottom), 0.5f * (difference_top + difference_bottom),
            0.5f * (sum_bottom - sum_top), 0.5f * (difference_bottom - difference_top)};
}

/// The inverse.
MIRRA_HOST_DEVICE inline HaarSquare haar_square(const HaarBands &b) {
    const float low_top = b.ll - b.hl, low_bottom = b.ll + b.hl;
    const float high_top = b.lh - b.hh, high_bottom = b.lh + b.hh;
    return {0.5f * (low_top - high_top), 0.5f * (low_top + high_top), 0.5f * (low_bottom - high_bottom),
            0.5f * (low_bottom + high_bottom)};
}

} // namespace mirra::runtime
