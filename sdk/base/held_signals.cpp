// Holds signals off for a time, and takes back those that came meanwhile.
#include "mirra/held_signals.hpp"

#include <array>
#include <cerrno>

#include <pthread.h>

namespace mirra::detail {

HeldSignals::HeldSignals() noexcept {
    sigset_t pending;
    sigset_t held;
    sigemptyset(&pending);
    sigemptyset(&held);
    sigemptyset(&own_);
    sigpending(&pending);
    for (const int signal : std::array{SIGPIPE, SIGXFSZ}) {
        sigaddset(&held, signal);
        if (sigismember(&pending, signal) == 0) sigaddset(&own_, signal);
    }
    pthread_sigmask(SIG_BLOCK, &held, &before_);
}

HeldSignals::~HeldSignals() {
    const int error = errno;
    const timespec at_once{};
    while (sigtimedwait(&own_, nullptr, &at_once) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
}

} // namespace mirra::detail
