// What is being loaded is written down before it runs, as the library tells it, in memory that a signal
// handler may read.
#include "loading.hpp"

#include "printable.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <unistd.h>

namespace mirra::cli {
namespace {

constexpr std::array kDeaths{SIGSEGV, SIGBUS,  SIGFPE,  SIGILL, SIGABRT, SIGTRAP, SIGSYS,
                             SIGINT,  SIGTERM, SIGQUIT, SIGHUP, SIGALRM, SIGXCPU};
constexpr std::size_t kHandlerStack = std::size_t{1} << 16;

std::array<char, 4096> file_at_work{}; // of the process's one engine in the making; read by the handler
std::atomic<bool> watching{false};     // it is this program that loads it

void write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(file, text.data(), text.size());
        if (written < 0 && errno != EINTR) return;
        if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// Only calls that are safe in a handler.
void name_file() {
    if (file_at_work[0] == '\0') return;
    write_all(STDERR_FILENO, "mirra: ended while it was loading the plugin ");
    write_all(STDERR_FILENO, {file_at_work.data(), strnlen(file_at_work.data(), file_at_work.size())});
    write_all(STDERR_FILENO, "\n");
}

void name_and_die(int signal) {
    name_file();
    std::signal(signal, SIG_DFL);
    raise(signal);
}

/// A plugin called exit(), perhaps as if all were well.
void name_and_fail() {
    if (!watching) return;
    name_file();
    _exit(static_cast<int>(ExitCode::setup));
}

/// While it lives, signals that end the program, and exit(), name the plugin first. Signals that are ignored
/// stay so.
class Watch {
  public:
    Watch() {
        [[maybe_unused]] static const int once =
            std::atexit(name_and_fail) + std::at_quick_exit(name_and_fail);
        const stack_t own{stack_.data(), 0, stack_.size()};
        sigaltstack(&own, &stack_before_); // the plugin may have used up its own
        watching = true;
        for (std::size_t i = 0; i < kDeaths.size(); ++i) {
            struct sigaction action {};
            action.sa_handler = name_and_die;
            action.sa_flags = SA_ONSTACK;
            sigaction(kDeaths[i], nullptr, &before_[i]);
            if (before_[i].sa_handler == SIG_DFL) sigaction(kDeaths[i], &action, nullptr);
        }
    }
    Watch(const Watch &) = delete;
    Watch &operator=(const Watch &) = delete;
    ~Watch() {
        for (std::size_t i = 0; i < kDeaths.size(); ++i) sigaction(kDeaths[i], &before_[i], nullptr);
        sigaltstack(&stack_before_, nullptr);
        watching = false;
        file_at_work[0] = '\0';
    }

  private:
    std::array<struct sigaction, kDeaths.size()> before_{};
    std::vector<std::byte> stack_ = std::vector<std::byte>(kHandlerStack);
    stack_t stack_before_{};
};

void remember(void *, const char *path) {
    const std::string shown = printable(path);
    const std::size_t length = std::min(shown.size(), file_at_work.size() - 1);
    std::copy_n(shown.data(), length, file_at_work.data());
    file_at_work[length] = '\0';
}

} // namespace

Engine make_engine(mirra_engine_flags flags) {
    const Watch watch;
    auto options = make_struct<mirra_engine_options>();
    options.flags = flags;
    options.loading = remember;
    return make<Engine>(Phase::setup, [&](mirra_engine **out, mirra_error **e) {
        return mirra_engine_create(&options, out, e);
    });
}

} // namespace mirra::cli
