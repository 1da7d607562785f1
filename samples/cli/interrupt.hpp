// Ctrl-C as a cancel token.
#pragma once

#include "handles.hpp"

#include <atomic>
#include <csignal>
#include <thread>

namespace mirra::cli {

/// While it lives, SIGINT, SIGTERM and SIGHUP, unless the caller has them ignored, request its token instead
/// of ending the program; a second one ends it. To be made before any other thread, so that all of them leave
/// the signals to it.
class Interrupt {
  public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt &) = delete;
    Interrupt &operator=(const Interrupt &) = delete;

    [[nodiscard]] mirra_cancel *token() const noexcept { return cancel_.get(); }
    [[nodiscard]] bool requested() const noexcept { return cancel_.requested(); }
    /// Throws Failure (cancelled) if it was requested.
    void check() const;

  private:
    void watch();

    Cancel cancel_;
    sigset_t signals_{};
    sigset_t before_{};
    sigset_t awaited_{}; ///< by the thread
    std::atomic<bool> ended_{false};
    std::thread thread_;
};

} // namespace mirra::cli
