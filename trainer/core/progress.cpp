// Bars on a terminal, signals as a flag.
#include "core/progress.hpp"

#include "mirra/printable.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <utility>

#include <unistd.h>

namespace mirra::trainer {
namespace {

constexpr int kBarWidth = 28;
constexpr std::chrono::milliseconds kTerminalInterval{200};
constexpr std::chrono::seconds kPlainInterval{20};

std::string duration(double seconds) {
    const auto whole = static_cast<long>(seconds);
    char text[32];
    if (whole >= 3600)
        std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        std::snprintf(text, sizeof text, "%02ld:%02ld", whole / 60, whole % 60);
    return text;
}

} // namespace

Progress::Progress(std::string what, std::int64_t total, std::int64_t done)
    : what_(printable(what))
    , total_(total)
    , first_(done)
    , done_(done)
    , terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
    if (terminal_ && drawn_ != Clock::time_point{}) std::fputc('\n', stderr);
}

double Progress::rate() const {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    return seconds > 0 ? static_cast<double>(done_ - first_) / seconds : 0;
}

void Progress::update(std::int64_t done, const std::string &note) {
    done_ = done;
    const auto now = Clock::now();
    if (done < total_ && now - drawn_ < (terminal_ ? Clock::duration(kTerminalInterval) : kPlainInterval))
        return;
    drawn_ = now;
    draw(note);
}

void Progress::draw(const std::string &text) {
    const std::string note = printable(text);
    const double speed = rate(),
                 fraction = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 1;
    const std::string left = speed > 0 ? duration(static_cast<double>(total_ - done_) / speed) : "--:--";
    if (terminal_) {
        const auto filled = static_cast<std::size_t>(fraction * kBarWidth);
        const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, '.');
        std::fprintf(stderr, "\r%s [%s] %3.0f%% %.2f/s, %s left %s\033[K", what_.c_str(), bar.c_str(),
                     fraction * 100, speed, left.c_str(), note.c_str());
    } else {
        std::fprintf(stderr, "%s %lld/%lld %.2f/s, %s left %s\n", what_.c_str(),
                     static_cast<long long>(done_), static_cast<long long>(total_), speed, left.c_str(),
                     note.c_str());
    }
    std::fflush(stderr);
}

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
