// The processor's memory for the tensors of training steps.
#pragma once

#include <cstdint>
#include <memory>

namespace mirra::runtime {
class Arena;
class ArenaScope;
} // namespace mirra::runtime

namespace mirra::trainer {

/// While alive, the calling thread's tensors come from blocks that are kept when they are freed: each step
/// wants those of the step before. Taken from the system anew, their pages would be cleared each time, which
/// costs up to a sixth of a step.
class StepMemory {
  public:
    StepMemory();
    StepMemory(const StepMemory &) = delete;
    StepMemory &operator=(const StepMemory &) = delete;
    ~StepMemory();

    /// Gives back all that is not in use: steps may have other sizes from now on.
    void renew();
    /// That is held, in use or kept.
    [[nodiscard]] std::uint64_t bytes() const;

  private:
    std::shared_ptr<runtime::Arena> arena_;
    std::unique_ptr<runtime::ArenaScope> scope_;
};

} // namespace mirra::trainer
