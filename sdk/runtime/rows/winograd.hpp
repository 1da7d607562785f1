// Convolutions of 3x3 by minimal filtering: 4x4 values of the result take 36 products of a channel, not 144.
// Winograd's algorithm F(4x4, 3x3), as in Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", 2015, on the points 0, +-3/4, +-3/2 and infinity: they lose a third of what the usual 0, +-1,
// +-2 lose.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mirra::runtime {

/// Pictures {height, width, channels}, dense, one behind the other, and what is made of them.
struct WinogradPictures {
    const float *in;
    float *out;          ///< of the same height and width
    const float *addend; ///< added to the result; of its shape, may be `out`; null: none
    std::int64_t height, width;
    bool relu; ///< applied last
};

/// A convolution of kernel 3, stride 1 and padding 1, in fp32. Where a value of the input is not finite,
/// those of the result up to five pixels from it are not. Thread-safe.
class WinogradFilter {
  public:
    /// Whether this processor has kernels for it.
    static bool supported();
    /// Whether it pays for a picture of this size.
    static bool pays(std::int64_t height, std::int64_t width);
    /// Bytes of the weight as the kernels read it.
    static std::uint64_t weight_bytes(std::int64_t inputs, std::int64_t outputs);
    /// Floats of the memory that a thread needs for run().
    static std::int64_t scratch(std::int64_t inputs, std::int64_t outputs);

    /// @param weight  {outputs, inputs, 3, 3}
    /// @param bias    empty: none
    WinogradFilter(std::span<const float> weight, std::span<const float> bias, std::int64_t inputs,
                   std::int64_t outputs);

    /// The parts of a picture, which do not depend on each other.
    static std::int64_t parts(std::int64_t height, std::int64_t width);
    /// Computes one of them, counted over all pictures. @param scratch  of the thread's own
    void run(const WinogradPictures &pictures, std::int64_t part, float *scratch) const;

  private:
    const std::int64_t inputs_, outputs_;
    std::vector<float> weight_; ///< for each of the 36 products, panels of outputs, input by input
    std::vector<float> bias_;   ///< filled up to a whole vector
};

} // namespace mirra::runtime
