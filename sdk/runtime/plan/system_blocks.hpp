// Blocks of memory for tensors: aligned for vectors, large ones on huge pages. No LibTorch.
#pragma once

#include <cstddef>

namespace mirra::runtime {

inline constexpr std::size_t kBlockAlignment = 64;
inline constexpr std::size_t kHugePage = std::size_t{2} << 20;
/// From here on blocks are the system's own, not of the heap, which would keep what is freed between two
/// blocks: a limit would not hold.
inline constexpr std::size_t kMappedBlock = std::size_t{256} << 10;

/// @returns nullptr where there is no memory
[[nodiscard]] void *heap_block(std::size_t size) noexcept;
/// @returns nullptr where there is no memory
[[nodiscard]] void *new_block(std::size_t size) noexcept;
/// @param size  that new_block() was given
void free_block(void *block, std::size_t size) noexcept;

} // namespace mirra::runtime
