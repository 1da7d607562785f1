// Ctrl-C, SIGTERM and SIGHUP as a flag that long loops look at between steps.
#pragma once

namespace mirra::trainer {

/// While alive, SIGINT, SIGTERM and SIGHUP, unless the caller has them ignored, set interrupted(); a second
/// signal ends the process at once. A signal that interrupted() has told of is over with the guard; one that
/// came too late for that counts under the next.
class InterruptGuard {
  public:
    InterruptGuard();
    InterruptGuard(const InterruptGuard &) = delete;
    InterruptGuard &operator=(const InterruptGuard &) = delete;
    ~InterruptGuard();
};

bool interrupted() noexcept;

} // namespace mirra::trainer
