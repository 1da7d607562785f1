// The row kernels.
#include "runtime/torch/color_kernel.hpp"

#include "runtime/torch/per_processor.hpp"

#include <algorithm>
#include <cstring>

namespace mirra::runtime {
namespace {

using Vector = float __attribute__((vector_size(32)));
constexpr std::int64_t kLanes = 8, kVectors = ColorFilter::kBlock / kLanes;

inline __attribute__((always_inline)) void load(Vector &vector, const float *from) {
    std::memcpy(&vector, from, sizeof vector);
}

} // namespace

ColorFilter ColorFilter::make(const float *weight, const float *bias) {
    ColorFilter out;
    for (std::int64_t lane = 0; lane < kBlock; ++lane) {
        const auto color = lane % 3;
        out.bias[static_cast<std::size_t>(lane)] = bias ? bias[color] : 0;
        for (std::int64_t from = 0; from < 3; ++from)
            for (std::size_t row = 0; row < 3; ++row)
                for (std::int64_t column = 0; column < 3; ++column) {
                    const auto tap = static_cast<std::size_t>(3 * (column - 1) + from - color + kReach);
                    out.taps[row][tap][static_cast<std::size_t>(lane)] =
                        weight[((color * 3 + from) * 3 + static_cast<std::int64_t>(row)) * 3 + column];
                }
    }
    return out;
}

MIRRA_PER_PROCESSOR void color_filter_row(const ColorFilter &filter, const std::array<const float *, 3> &rows,
                                          bool relu, float *out, std::int64_t width) {
    const auto values = 3 * width;
    for (std::int64_t begin = 0; begin < values; begin += ColorFilter::kBlock) {
        Vector sums[kVectors];
        for (std::int64_t v = 0; v < kVectors; ++v) load(sums[v], filter.bias.data() + v * kLanes);
        for (std::size_t row = 0; row < 3; ++row) {
            const float *line = rows[row] + begin - ColorFilter::kReach;
            for (std::size_t tap = 0; tap < ColorFilter::kTaps; ++tap)
                for (std::int64_t v = 0; v < kVectors; ++v) {
                    Vector coefficients, inputs;
                    load(coefficients, filter.taps[row][tap].data() + v * kLanes);
                    load(inputs, line + tap + v * kLanes);
                    sums[v] += coefficients * inputs;
                }
        }
        if (relu)
            for (auto &sum : sums) sum = sum < 0 ? Vector{} : sum; // NaN stays
        const auto count = std::min(ColorFilter::kBlock, values - begin);
        std::memcpy(out + begin, sums, static_cast<std::size_t>(count) * sizeof(float));
    }
}

MIRRA_PER_PROCESSOR void affine_row(const float *in, std::int64_t pixel_stride, std::int64_t channel_stride,
                                    const float *scale, const float *offset, float *out, std::int64_t width,
                                    std::int64_t channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
        const float *from = in + c * channel_stride;
        for (std::int64_t x = 0; x < width; ++x)
            out[x * channels + c] = from[x * pixel_stride] * scale[c] + offset[c];
    }
}

} // namespace mirra::runtime
