// mirra-worker as a process of this one.
#include "child_process.hpp"

#include "mirra/error.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
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
    if (output == Output::dropped) {
        actions.drop(STDOUT_FILENO);
        actions.drop(STDERR_FILENO);
    }
    const Attributes attributes;
    pid_t id = -1;
    const int error = posix_spawn(&id, name.c_str(), actions.get(), attributes.get(), texts.data(), environ);
    if (error == 0) {
        id_ = id;
        return;
    }
    throw Error(ErrorCode::limit, "cannot start a process: " + std::generic_category().message(error),
                "flags",
                "Raise the process's limits, or leave MIRRA_PLUGIN_SCAN_PROCESS and MIRRA_ISOLATION_PROCESS "
                "out.");
}

ChildProcess::~ChildProcess() {
    kill_and_wait();
}

void ChildProcess::kill() const noexcept {
    if (const pid_t id = id_; id > 0) ::kill(-id, SIGKILL);
}

std::string ChildProcess::end() {
    const int status = kill_and_wait();
    if (status < 0) return {};
    if (WIFSIGNALED(status)) return " (" + std::string(strsignal(WTERMSIG(status))) + ")";
    return " (exit code " + std::to_string(WEXITSTATUS(status)) + ")";
}

int ChildProcess::kill_and_wait() noexcept {
    kill(); // what has ended keeps its status
    const pid_t process = id_.exchange(-1);
    if (process <= 0) return -1;
    int status = 0;
    pid_t ended = -1;
    do {
        ended = waitpid(process, &status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended < 0 ? -1 : status;
}

} // namespace mirra::host
