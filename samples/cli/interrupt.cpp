// A thread that waits for signals: a handler could not lock or allocate.
#include "interrupt.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace mirra::cli {
namespace {

/// What nohup and a shell's background jobs ignore stays ignored.
bool ignored(int signal) {
    struct sigaction action {};
    return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

} // namespace

Interrupt::Interrupt()
    : cancel_(make<Cancel>(Phase::setup,
                           [](mirra_cancel **out, mirra_error **e) { return mirra_cancel_create(out, e); })) {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        if (!ignored(signal)) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    arrivals_ = signalfd(-1, &signals_, SFD_CLOEXEC);
    end_ = eventfd(0, EFD_CLOEXEC);
    if (arrivals_ < 0 || end_ < 0) throw Failure(ExitCode::internal, "signals cannot be watched");
    thread_ = std::thread([this] { watch(); });
}

Interrupt::~Interrupt() {
    eventfd_write(end_, 1);
    thread_.join();
    close(arrivals_);
    close(end_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupt::check() const {
    if (requested()) throw Failure(ExitCode::cancelled, "cancelled");
}

void Interrupt::watch() {
    std::array<pollfd, 2> events{{{arrivals_, POLLIN, 0}, {end_, POLLIN, 0}}};
    for (bool first = true;;) {
        if (poll(events.data(), events.size(), -1) < 0) continue;
        if (events[1].revents != 0) return;
        signalfd_siginfo arrival{};
        if (read(arrivals_, &arrival, sizeof arrival) != sizeof arrival) continue;
        if (!first) _exit(static_cast<int>(ExitCode::cancelled));
        mirra_cancel_request(cancel_.get());
        first = false;
    }
}

} // namespace mirra::cli
