// One square of two by two values of a tensor to its bands, and back.
#pragma once

#include "runtime/cuda/tensor_values.hpp"
#include "runtime/rows/haar_pixel.hpp"

namespace mirra::cuda {

/// One value of LL: its place among all of them, channels fastest.
struct HaarPlace {
    std::int64_t bands;      ///< of LL in the bands; LH, HL and HH follow, `channels` values apart
    std::int64_t upper_left; ///< in the picture
};

MIRRA_HOST_DEVICE inline HaarPlace haar_place(const mirra_cuda_haar &haar, std::int64_t index) {
    const std::int64_t columns = haar.width / 2, rows = haar.height / 2;
    const std::int64_t channel = index % haar.channels, pixel = index / haar.channels;
    const std::int64_t x = pixel % columns, y = pixel / columns % rows, n = pixel / columns / rows;
    return {pixel * 4 * haar.channels + channel,
            ((n * haar.height + 2 * y) * haar.width + 2 * x) * haar.channels + channel};
}

template<class Values>
MIRRA_HOST_DEVICE inline void analyse_square(const mirra_cuda_haar &haar, std::int64_t index) {
    using Stored = typename Values::Stored;
    const HaarPlace at = haar_place(haar, index);
    const auto *const upper = static_cast<const Stored *>(haar.picture) + at.upper_left;
    const auto *const lower = upper + haar.width * haar.channels;
    const runtime::HaarBands bands =
        runtime::haar_bands({Values::load(upper[0]), Values::load(upper[haar.channels]),
                             Values::load(lower[0]), Values::load(lower[haar.channels])});
    auto *const out = static_cast<Stored *>(haar.bands) + at.bands;
    out[0] = Values::store(bands.ll);
    out[haar.channels] = Values::store(bands.lh);
    out[2 * haar.channels] = Values::store(bands.hl);
    out[3 * haar.channels] = Values::store(bands.hh);
}

template<class Values>
MIRRA_HOST_DEVICE inline void synthesise_square(const mirra_cuda_haar &haar, std::int64_t index) {
    using Stored = typename Values::Stored;
    const HaarPlace at = haar_place(haar, index);
    const auto *const in = static_cast<const Stored *>(haar.bands) + at.bands;
    const runtime::HaarSquare square =
        runtime::haar_square({Values::load(in[0]), Values::load(in[haar.channels]),
                              Values::load(in[2 * haar.channels]), Values::load(in[3 * haar.channels])});
    auto *const upper = static_cast<Stored *>(haar.picture) + at.upper_left;
    auto *const lower = upper + haar.width * haar.channels;
    upper[0] = Values::store(square.a);
    upper[haar.channels] = Values::store(square.b);
    lower[0] = Values::store(square.c);
    lower[haar.channels] = Values::store(square.d);
}

} // namespace mirra::cuda
