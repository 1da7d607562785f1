// A thread that waits for signals: a handler could not lock or allocate.
#include "interrupt.hpp"

#include <pthread.h>
#include <unistd.h>

namespace mirra::cli {
namespace {

constexpr int kWake = SIGUSR1; // sent to the waiting thread alone, which has it blocked

/// What nohup and a shell's background jobs ignore stays ignored.
bool ignored(int signal) {
    struct sigaction action {};
    return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

} // namespace

Interrupt::Interrupt() : cancel_(in_phase(Phase::setup, Cancel::create)) {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        if (!ignored(signal)) sigaddset(&signals_, signal);
    awaited_ = signals_;
    sigaddset(&awaited_, kWake);
    pthread_sigmask(SIG_BLOCK, &awaited_, &before_);
    thread_ = std::thread([this] { watch(); });
    sigset_t here = before_;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        if (sigismember(&signals_, signal) == 1) sigaddset(&here, signal);
    pthread_sigmask(SIG_SETMASK, &here, nullptr);
}

Interrupt::~Interrupt() {
    ended_ = true;
    pthread_kill(thread_.native_handle(), kWake);
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupt::check() const {
    if (requested()) throw Failure(ExitCode::cancelled, "cancelled");
}

/// Without descriptors: a plugin may have closed all that it did not open.
void Interrupt::watch() {
    for (bool first = true;;) {
        const int arrived = sigwaitinfo(&awaited_, nullptr);
        if (ended_) return;
        if (sigismember(&signals_, arrived) != 1) continue;
        if (!first) _exit(static_cast<int>(ExitCode::cancelled));
        cancel_.request();
        first = false;
    }
}

} // namespace mirra::cli
