// Signals that a write may raise in its own thread, turned into the error that comes with them.
#pragma once

#include <csignal>

namespace mirra::detail {

/// While it lives, SIGPIPE and SIGXFSZ do not reach the calling thread; those that came of it are taken back
/// at its end. The process's handlers are not touched. Keeps errno.
class HeldSignals {
  public:
    HeldSignals() noexcept;
    HeldSignals(const HeldSignals &) = delete;
    HeldSignals &operator=(const HeldSignals &) = delete;
    ~HeldSignals();

  private:
    sigset_t before_{}; ///< the thread's mask
    sigset_t own_{};    ///< of the two, those that were not pending already
};

} // namespace mirra::detail
