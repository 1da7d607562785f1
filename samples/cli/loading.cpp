// What is being loaded is written down before it runs: as the library tells it, in memory that a signal
// handler may read, and, for a scan, in a pipe that outlives the process.
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
#include <poll.h>
#include <string_view>
#include <sys/wait.h>
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

/// user: where the names of files go besides, a file descriptor; nullptr: nowhere.
void remember(void *user, const char *path) {
    const std::string file(path);
    const std::string shown = printable(file);
    const std::size_t length = std::min(shown.size(), file_at_work.size() - 1);
    std::copy_n(shown.data(), length, file_at_work.data());
    file_at_work[length] = '\0';
    if (user != nullptr) write_all(*static_cast<int *>(user), file + '\0');
}

Engine create(mirra_engine_options options) {
    const Watch watch;
    options.loading = remember;
    return make<Engine>(Phase::setup, [&](mirra_engine **out, mirra_error **e) {
        return mirra_engine_create(&options, out, e);
    });
}

[[noreturn]] void scan_in_child(int pipe) {
    try {
        auto options = make_struct<mirra_engine_options>();
        options.loading = remember;
        options.loading_user = &pipe;
        const Engine engine = make<Engine>(Phase::setup, [&](mirra_engine **out, mirra_error **e) {
            return mirra_engine_create(&options, out, e);
        });
        write_all(pipe, std::string_view("", 1)); // an empty name: all of them were loaded
    } catch (const std::exception &) {            // the parent meets the same failure, and reports it
        write_all(pipe, std::string_view("", 1));
    }
    _exit(0);
}

/// Reads names until the child has done with all files, ends, or says nothing for too long; whether in time.
bool read_names(int pipe, std::chrono::milliseconds patience, std::string &text) {
    for (std::array<char, 4096> block{};;) {
        pollfd wait{pipe, POLLIN, 0};
        const int ready = poll(&wait, 1, static_cast<int>(patience.count()));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return false;
        const ssize_t count = read(pipe, block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return true;
        text.append(block.data(), static_cast<std::size_t>(count));
    }
}

std::string end_of(int status) {
    if (WIFSIGNALED(status))
        return "it ends the program that loads it: signal " + std::to_string(WTERMSIG(status)) + ", " +
               strsignal(WTERMSIG(status));
    return "it ends the program that loads it, with exit code " + std::to_string(WEXITSTATUS(status));
}

/// The names of a scan, each ended by NUL; an empty one at the end says that all of them were loaded.
std::vector<std::string> split(const std::string &text) {
    std::vector<std::string> names;
    for (std::size_t begin = 0, end = 0; (end = text.find('\0', begin)) != std::string::npos; begin = end + 1)
        names.push_back(text.substr(begin, end - begin));
    return names;
}

} // namespace

Engine make_engine() {
    return create(make_struct<mirra_engine_options>());
}

Engine make_engine(const std::vector<std::string> &plugins) {
    std::string path;
    for (const std::string &file : plugins) path += (path.empty() ? "" : ":") + file;
    auto options = make_struct<mirra_engine_options>();
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = path.c_str();
    return create(options);
}

Scan scan_apart(std::chrono::seconds patience) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) throw Failure(ExitCode::setup, "no pipe can be made", "doctor");
    const pid_t child = fork();
    if (child < 0) throw Failure(ExitCode::setup, "no process can be started", "doctor");
    if (child == 0) {
        close(ends[0]);
        scan_in_child(ends[1]);
    }
    close(ends[1]);
    std::string text;
    const bool in_time = read_names(ends[0], patience, text);
    close(ends[0]);
    if (!in_time) kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    Scan scan;
    scan.loaded = split(text);
    const bool whole = !scan.loaded.empty() && scan.loaded.back().empty();
    if (!scan.loaded.empty()) {
        if (!whole) scan.culprit = scan.loaded.back();
        scan.loaded.pop_back();
    }
    if (!whole)
        scan.reason = in_time ? end_of(status)
                              : "loading it takes more than " + std::to_string(patience.count()) + " s";
    return scan;
}

} // namespace mirra::cli
