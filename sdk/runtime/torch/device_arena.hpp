// Memory of a GPU that a run takes from LibTorch's allocator: counted, and held to a limit.
#pragma once

#include "mirra/runtime.hpp"

#include <memory>

namespace mirra::runtime {

/// Beside it, the processor's tensors of the run come from an arena of their own, without a limit.
std::shared_ptr<Arena> make_device_arena(std::uint64_t limit);
/// Null: the arena is none of these.
std::unique_ptr<ArenaScope> enter_device_arena(const std::shared_ptr<Arena> &arena);

/// While alive, what the calling thread allocates on a GPU is no run's.
class UncountedMemory {
  public:
    UncountedMemory() noexcept;
    UncountedMemory(const UncountedMemory &) = delete;
    UncountedMemory &operator=(const UncountedMemory &) = delete;
    ~UncountedMemory();

  private:
    const bool before_;
};

/// By a run now and then. @throws Error budget where it has more of the GPU's memory than it may
void check_device_memory();

} // namespace mirra::runtime
