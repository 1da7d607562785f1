// Memory of a GPU that a run takes from LibTorch's allocator: counted, and held to a limit.
#pragma once

#include "runtime/cuda/gpu_runtime.hpp"

#include <memory>
#include <string>

namespace mirra::runtime {

/// Beside it, the processor's tensors of the run come from an arena of their own, without a limit.
/// @param note  of note_of_run(); may be empty
std::shared_ptr<Arena> make_device_arena(std::uint64_t limit, const Note &note);
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
/// As DeviceLedger::take() and room(), of the calling thread's run.
bool take_device_memory(std::uint64_t holder, std::uint64_t bytes);
std::uint64_t room_for_device_memory();
/// For whoever looks for the reason of the calling thread's run.
void note_of_run(const std::string &text);

} // namespace mirra::runtime
