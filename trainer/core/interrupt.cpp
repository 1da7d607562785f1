// Signal handling of the trainer.
#include "core/interrupt.hpp"

#include <array>
#include <csignal>

namespace mirra::trainer {
namespace {

volatile std::sig_atomic_t g_signals = 0;
bool g_noticed = false;

extern "C" void count_signal(int number) {
    g_signals = g_signals + 1;
    if (g_signals > 1) {
        std::signal(number, SIG_DFL);
        std::raise(number);
    }
}

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

/// What nohup and a shell's background jobs ignore stays ignored.
bool ignored(int number) {
    struct sigaction action {};
    return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

} // namespace

InterruptGuard::InterruptGuard() {
    if (g_noticed) g_signals = 0;
    g_noticed = false;
    for (const int number : kSignals)
        if (!ignored(number)) std::signal(number, count_signal);
}

InterruptGuard::~InterruptGuard() {
    for (const int number : kSignals)
        if (!ignored(number)) std::signal(number, SIG_DFL);
}

bool interrupted() noexcept {
    if (g_signals == 0) return false;
    g_noticed = true;
    return true;
}

} // namespace mirra::trainer
