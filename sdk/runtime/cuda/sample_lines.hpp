// Where a picture's samples lie in memory that only copies of bytes reach: lines of bytes.
#pragma once

#include "runtime/cuda/kernels.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mirra::cuda {

/// Lines of bytes, from the lowest address on, in which samples of some channels lie, and perhaps other bytes
/// between them.
struct SampleLines {
    std::byte *first = nullptr;     ///< of the lowest line
    std::int64_t count = 0;         ///< lines
    std::int64_t step = 0;          ///< bytes from one to the next
    std::int64_t bytes = 0;         ///< of each
    bool gaps = false;              ///< there are bytes between its samples
    mirra_cuda_image channels{};    ///< the picture, with the channels that lie there alone
    std::int32_t first_channel = 0; ///< of these, in the picture

    [[nodiscard]] std::size_t all_bytes() const { return static_cast<std::size_t>(count * bytes); }
    /// The same channels where the lines lie one behind the other.
    [[nodiscard]] mirra_cuda_image packed(std::byte *memory) const;
    /// Calls copy(offset in packed lines, address, bytes) for all of them: once where nothing lies between.
    template<class Copy> void for_each(const Copy &copy) const {
        if (step == bytes || count == 1) return copy(std::size_t{0}, first, all_bytes());
        for (std::int64_t i = 0; i < count; ++i)
            copy(static_cast<std::size_t>(i * bytes), first + i * step, static_cast<std::size_t>(bytes));
    }
};

/// Of all channels at once where they lie pixel by pixel, else of each.
std::vector<SampleLines> lines_of(const mirra_cuda_image &image);

} // namespace mirra::cuda
