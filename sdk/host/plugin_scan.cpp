// Plugins loaded in a process of their own first.
#include "plugin_scan.hpp"

#include "mirra/error.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace mirra::host {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{10};

[[noreturn]] void fail(int error) {
    throw Error(ErrorCode::limit, "cannot start a process: " + std::generic_category().message(error),
                "flags", "Raise the process's limits, or leave MIRRA_PLUGIN_SCAN_PROCESS out.");
}

class Descriptor {
  public:
    explicit Descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    ~Descriptor() { reset(); }
    [[nodiscard]] int get() const noexcept { return descriptor_; }
    void reset() noexcept {
        if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
    }

  private:
    int descriptor_;
};

/// A process of its own group; ends with this.
class Worker {
  public:
    /// @param said  what it inherits as kScanDescriptor
    Worker(const std::filesystem::path &program, const std::filesystem::path &file, int said) {
        std::string name = program.string(), option = "--scan", path = file.string();
        std::array<char *, 4> arguments{name.data(), option.data(), path.data(), nullptr};
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, said, kScanDescriptor);
        for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; ++standard)
            posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_RDWR, 0);
        posix_spawnattr_t attributes;
        posix_spawnattr_init(&attributes);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setflags(&attributes,
                                 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        const int error =
            posix_spawn(&process_, name.c_str(), &actions, &attributes, arguments.data(), environ);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        if (error != 0) fail(error);
    }
    Worker(const Worker &) = delete;
    Worker &operator=(const Worker &) = delete;
    ~Worker() { kill_and_wait(); }

    /// How it ended; "" where that is not known, as in a host that ignores its children.
    std::string end() {
        const int status = kill_and_wait();
        if (status < 0) return {};
        if (WIFSIGNALED(status)) return " (" + std::string(strsignal(WTERMSIG(status))) + ")";
        return " (exit code " + std::to_string(WEXITSTATUS(status)) + ")";
    }

  private:
    /// Its status; negative where there is none.
    int kill_and_wait() noexcept {
        const pid_t process = std::exchange(process_, -1);
        if (process <= 0) return -1;
        kill(-process, SIGKILL); // all of its group; what has ended keeps its status
        int status = 0;
        pid_t ended = -1;
        do {
            ended = waitpid(process, &status, 0);
        } while (ended < 0 && errno == EINTR);
        return ended < 0 ? -1 : status;
    }

    pid_t process_ = -1;
};

enum class Answer : std::uint8_t { scanned, ended, blocked };

Answer wait_for_answer(int pipe) {
    const auto until = Clock::now() + kPatience;
    std::array<char, sizeof(kScanned)> said{};
    std::size_t count = 0;
    while (count < said.size()) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
        pollfd waiting{pipe, POLLIN, 0};
        const int ready = left > 0 ? poll(&waiting, 1, static_cast<int>(left)) : 0;
        if (ready == 0) return Answer::blocked;
        if (ready < 0) continue; // a signal of the host's
        const ssize_t read_now = read(pipe, said.data() + count, said.size() - count);
        if (read_now == 0) return Answer::ended;
        if (read_now > 0) count += static_cast<std::size_t>(read_now);
    }
    return std::memcmp(said.data(), kScanned, sizeof(kScanned)) == 0 ? Answer::scanned : Answer::ended;
}

} // namespace

std::filesystem::path worker_program(const std::filesystem::path &beside) {
    const auto program = beside / "mirra" / "mirra-worker";
    if (!beside.empty() && access(program.c_str(), X_OK) == 0) return program;
    throw Error(ErrorCode::not_found, "there is no program mirra-worker in mirra/ beside the library",
                "flags", "Install Mirra whole, or leave MIRRA_PLUGIN_SCAN_PROCESS out.");
}

void scan_plugin(const std::filesystem::path &worker, const std::filesystem::path &file) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno);
    const Descriptor from(ends[0]);
    Descriptor to(ends[1]);
    Worker process(worker, file, to.get());
    to.reset();
    const Answer answer = wait_for_answer(from.get());
    if (answer == Answer::scanned) return;
    if (answer == Answer::blocked)
        throw Error(ErrorCode::plugin, "it blocked a process of its own that loaded it first for " +
                                           std::to_string(kPatience.count()) + " s");
    throw Error(ErrorCode::plugin, "it ended a process of its own that loaded it first" + process.end());
}

} // namespace mirra::host
