// An arena of the runtime, as long as steps are alike.
#include "core/step_memory.hpp"

#include "runtime/torch/arena.hpp"

namespace mirra::trainer {

StepMemory::StepMemory() {
    runtime::install_arena_allocator();
    renew();
}

StepMemory::~StepMemory() = default;

void StepMemory::renew() {
    constexpr std::size_t kMostBlocks = 1 << 14; // more than the tensors of any step
    scope_.reset();                              // before another one begins on this thread
    arena_ = runtime::make_cpu_arena(0, 0, kMostBlocks);
    scope_ = runtime::enter_cpu_arena(arena_);
}

std::uint64_t StepMemory::bytes() const {
    return arena_->current_bytes();
}

} // namespace mirra::trainer
