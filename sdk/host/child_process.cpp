// mirra-worker as a process of this one.
#include "child_process.hpp"

#include "mirra/error.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace mirra::host {
namespace {

class Actions {
  public:
    Actions() { posix_spawn_file_actions_init(&actions_); }
    Actions(const Actions &) = delete;
    Actions &operator=(const Actions &) = delete;
    ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
    void inherit(int descriptor, int as) { posix_spawn_file_actions_adddup2(&actions_, descriptor, as); }
    void drop(int standard) { posix_spawn_file_actions_addopen(&actions_, standard, "/dev/null", O_RDWR, 0); }
    [[nodiscard]] const posix_spawn_file_actions_t *get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

/// No signal blocked or ignored, and a group of its own.
class Attributes {
  public:
    Attributes() {
        posix_spawnattr_init(&attributes_);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setflags(&attributes_,
                                 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    Attributes(const Attributes &) = delete;
    Attributes &operator=(const Attributes &) = delete;
    ~Attributes() { posix_spawnattr_destroy(&attributes_); }
    [[nodiscard]] const posix_spawnattr_t *get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_{};
};

} // namespace

std::filesystem::path worker_program(const std::filesystem::path &beside) {
    const auto program = beside / "mirra" / "mirra-worker";
    if (!beside.empty() && access(program.c_str(), X_OK) == 0) return program;
    throw Error(ErrorCode::not_found, "there is no program mirra-worker in mirra/ beside the library",
                "flags",
                "Install Mirra whole, or leave MIRRA_PLUGIN_SCAN_PROCESS and MIRRA_ISOLATION_PROCESS out.");
}

ChildProcess::ChildProcess(const std::filesystem::path &program, std::vector<std::string> arguments,
                           int connection, Output output) {
    std::string name = program.string();
    std::vector<char *> texts{name.data()};
    for (std::string &each : arguments) texts.push_back(each.data());
    texts.push_back(nullptr);
    Actions actions;
    actions.inherit(connection, kChildDescriptor);
    actions.drop(STDIN_FILENO);
    for (const int standard : {STDOUT_FILENO, STDERR_FILENO})
        if (output == Output::dropped || fcntl(standard, F_GETFD) < 0) actions.drop(standard);
    const Attributes attributes;
    const int error = posix_spawn(&id_, name.c_str(), actions.get(), attributes.get(), texts.data(), environ);
    if (error != 0)
        throw Error(ErrorCode::limit, "cannot start a process: " + std::generic_category().message(error),
                    "flags",
                    "Raise the process's limits, or leave MIRRA_PLUGIN_SCAN_PROCESS and "
                    "MIRRA_ISOLATION_PROCESS out.");
    ended_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, id_, 0)));
}

ChildProcess::~ChildProcess() {
    if (id_ > 0) end();
}

bool ChildProcess::ends_within(std::chrono::milliseconds time) const noexcept {
    const auto until = std::chrono::steady_clock::now() + time;
    for (;;) {
        siginfo_t about{};
        if (waited_ || waitid(P_PID, static_cast<id_t>(id_), &about, WEXITED | WNOHANG | WNOWAIT) != 0 ||
            about.si_pid != 0)
            return true;
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

const ProcessEnd &ChildProcess::end() {
    if (std::exchange(waited_, true)) return how_;
    kill(-id_, SIGKILL); // what has ended keeps its status
    int status = 0;
    pid_t ended = -1;
    do {
        ended = waitpid(id_, &status, 0);
    } while (ended < 0 && errno == EINTR);
    if (ended < 0) return how_;
    if (WIFSIGNALED(status)) {
        how_.killed = WTERMSIG(status) == SIGKILL;
        how_.text = " (" + std::string(strsignal(WTERMSIG(status))) + ")";
    } else {
        how_.text = " (exit code " + std::to_string(WEXITSTATUS(status)) + ")";
    }
    return how_;
}

} // namespace mirra::host
