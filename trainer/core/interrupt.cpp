// Signal handling of the trainer.
#include "core/interrupt.hpp"

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

} // namespace

InterruptGuard::InterruptGuard() {
    if (g_noticed) g_signals = 0;
    g_noticed = false;
    std::signal(SIGINT, count_signal);
    std::signal(SIGTERM, count_signal);
}

InterruptGuard::~InterruptGuard() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
}

bool interrupted() noexcept {
    if (g_signals == 0) return false;
    g_noticed = true;
    return true;
}

} // namespace mirra::trainer
