// A thread that waits for signals: a handler could not lock or allocate.
#include "interrupt.hpp"

#include <pthread.h>
#include <unistd.h>

namespace mirra::cli {

Interrupt::Interrupt()
    : cancel_(make<Cancel>(Phase::setup,
                           [](mirra_cancel **out, mirra_error **e) { return mirra_cancel_create(out, e); })) {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    thread_ = std::thread([this] { watch(); });
}

Interrupt::~Interrupt() {
    done_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupt::check() const {
    if (requested()) throw Failure(ExitCode::cancelled, "cancelled");
}

void Interrupt::watch() {
    for (bool first = true;; first = false) {
        int signal = 0;
        sigwait(&signals_, &signal);
        if (done_) return;
        if (!first) _exit(static_cast<int>(ExitCode::cancelled));
        mirra_cancel_request(cancel_.get());
    }
}

} // namespace mirra::cli
