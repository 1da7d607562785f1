// Whether another process does anything.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace mirra::cli::conformance {

/// How long a process that works for this one has only waited: no thread of it computed, read a disk or had a
/// child at work, nor did this process do anything for it. What cannot be told counts as work. Not
/// thread-safe.
class Idleness {
  public:
    /// The time between two looks, in seconds.
    static constexpr double kStep = 0.5;

    void restart() noexcept { seconds_ = 0; }
    /// To be called every kStep, which is all that a look adds: a program that was stopped meanwhile did
    /// not wait.
    /// @return for how long the process has done nothing, in seconds
    double look(pid_t process);

  private:
    double seconds_ = 0;
    std::int64_t computed_ = 0; ///< nanoseconds of both, until the look before
};

} // namespace mirra::cli::conformance
