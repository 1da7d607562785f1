// The convolution of 3x3 that image generators end in, for which oneDNN's kernels are slow.
#pragma once

#include "runtime/rows/bfloat16.hpp"

#include <cstdint>

namespace mirra::runtime {

/// Pictures {3, height, width}, channels-last and dense, one behind the other.
/// @tparam T  float or Bf16
template<class T> struct ThreeChannelPictures {
    const T *in;
    T *out;
    std::int64_t height, width;
};

/// A 3x3 convolution of three channels to three, padded by a zero. It computes in fp32, some rows at a time,
/// of planes that it takes the pixels apart into. Thread-safe.
class ThreeChannelFilter {
  public:
    /// @param weight  [3][3][3][3]: output, input, row, column   @param bias  [3]; null: none
    ThreeChannelFilter(const float *weight, const float *bias);

    /// Rows `begin` to `end`, counted over all pictures.
    /// @param relu     applied last
    /// @param scratch  scratch(width) floats of the thread's own
    template<class T>
    void run(const ThreeChannelPictures<T> &pictures, std::int64_t begin, std::int64_t end, bool relu,
             float *scratch) const;
    static std::int64_t scratch(std::int64_t width);

    static constexpr std::int64_t kRowsAtOnce = 4; ///< shares are best a multiple of it
    struct Taps {
        float weight[3][3][3][3]; ///< input, column, row, output
        float bias[3];
    };

  private:
    Taps taps_{};
};

} // namespace mirra::runtime
