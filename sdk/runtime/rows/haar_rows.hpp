// The Haar transform of NHWC rows; taps as in the paper's wavelet pooling (docs/explanation/method.md).
#pragma once

#include <cstdint>

namespace mirra::runtime {

/// One row of output pixels. `upper` and `lower` are input rows 2y and 2y+1, each 2 * width pixels of
/// `channels`; `out` gets width pixels of 4 * channels: LL, LH (high-pass along x), HL (along y), HH.
void haar_analysis_row(const float *upper, const float *lower, float *out, std::int64_t width,
                       std::int64_t channels);
/// The same on bfloat16 bits; computes in fp32, rounds to nearest even.
void haar_analysis_row(const std::uint16_t *upper, const std::uint16_t *lower, std::uint16_t *out,
                       std::int64_t width, std::int64_t channels);

/// The inverse: width pixels of 4 * channels -> two rows of 2 * width pixels of `channels`.
void haar_synthesis_row(const float *in, float *upper, float *lower, std::int64_t width,
                        std::int64_t channels);
void haar_synthesis_row(const std::uint16_t *in, std::uint16_t *upper, std::uint16_t *lower,
                        std::int64_t width, std::int64_t channels);

} // namespace mirra::runtime
