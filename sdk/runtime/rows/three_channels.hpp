// The convolution of 3x3 that image generators end in, for which oneDNN's kernels are slow.
#pragma once

#include <array>
#include <cstdint>

namespace mirra::runtime {

/// Pictures {3, height, width}, channels-last and dense, one behind the other.
struct ThreeChannelPictures {
    const float *in;
    float *out;
    std::int64_t height, width;
};

/// A 3x3 convolution of three channels to three, padded by a zero, in fp32. An interleaved row is seen as one
/// line of values: output j is a sum over line positions j - 5 to j + 5 of three rows, with coefficients that
/// repeat every three values; kBlock of them fill whole vectors. Thread-safe.
class ThreeChannelFilter {
  public:
    /// @param weight  [3][3][3][3]: output, input, row, column   @param bias  [3]; null: none
    ThreeChannelFilter(const float *weight, const float *bias);

    /// Rows `begin` to `end`, counted over all pictures.
    /// @param relu     applied last
    /// @param scratch  scratch(width) floats of the thread's own
    void run(const ThreeChannelPictures &pictures, std::int64_t begin, std::int64_t end, bool relu,
             float *scratch) const;
    static std::int64_t scratch(std::int64_t width);

    static constexpr std::int64_t kReach = 5, kTaps = 2 * kReach + 1, kBlock = 24;
    /// Values that a row must have before and behind it.
    static constexpr std::int64_t kMargin = kReach + kBlock;
    using Taps = std::array<std::array<std::array<float, kBlock>, kTaps>, 3>;

  private:
    Taps taps_{};
    std::array<float, kBlock> bias_{};
};

} // namespace mirra::runtime
