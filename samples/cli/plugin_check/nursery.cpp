// Texts cross in pipes, each ended by a NUL.
#include "nursery.hpp"

#include "../console.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace mirra::cli::conformance {
namespace {

using Clock = std::chrono::steady_clock;

/// Whether all of it could be written.
bool write_text(int file, const std::string &text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t written = write(file, text.data() + done, text.size() - done);
        if (written < 0 && errno != EINTR) return false;
        if (written > 0) done += static_cast<std::size_t>(written);
    }
    return true;
}

/// Up to the next NUL; whether there was one before the end.
bool read_text(int file, std::string &text) {
    text.clear();
    for (char c = 0;;) {
        const ssize_t got = read(file, &c, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        if (c == '\0') return true;
        text += c;
    }
}

/// Waits for the child and ends it after `seconds`.
std::string how_it_ended(pid_t child, double seconds) {
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    int status = 0;
    bool late = false;
    while (waitpid(child, &status, late ? 0 : WNOHANG) == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        late = Clock::now() > end;
        if (late) kill(child, SIGKILL);
    }
    if (late) return "it did not end within " + number_text(seconds) + " s";
    if (WIFSIGNALED(status)) return std::string("the process ended (") + strsignal(WTERMSIG(status)) + ")";
    if (WEXITSTATUS(status) != 0)
        return "the process ended (exit code " + std::to_string(WEXITSTATUS(status)) + ")";
    return "";
}

} // namespace

Nursery::Nursery(Work work, double seconds) : work_(std::move(work)), seconds_(seconds) {
    std::array<int, 2> requests{-1, -1}, answers{-1, -1};
    if (pipe2(requests.data(), O_CLOEXEC) != 0 || pipe2(answers.data(), O_CLOEXEC) != 0 ||
        (child_ = fork()) < 0)
        throw Failure(ExitCode::memory, std::string("no process can be made: ") + std::strerror(errno));
    if (child_ == 0) {
        close(requests[1]);
        close(answers[0]);
        serve(requests[0], answers[1]);
    }
    close(requests[0]);
    close(answers[1]);
    requests_ = requests[1];
    answers_ = answers[0];
}

Nursery::~Nursery() {
    close(requests_);
    close(answers_);
    waitpid(child_, nullptr, 0);
}

std::string Nursery::send(const std::string &errand) const {
    std::string answer;
    if (write_text(requests_, errand + '\0') && read_text(answers_, answer)) return answer;
    return "the process that makes processes ended";
}

void Nursery::serve(int requests, int answers) const {
    std::string text;
    while (read_text(requests, text)) write_text(answers, errand(text, answers) + '\0');
    _exit(0);
}

/// In the child. What the work says goes to the parent at once; how it ended is added to it.
std::string Nursery::errand(const std::string &text, int answers) const {
    const pid_t worker = fork();
    if (worker < 0) return std::string("no process can be made: ") + std::strerror(errno);
    if (worker == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO); // a result is not for a plugin to print into
        write_text(answers, work_(text));
        _exit(0);
    }
    return how_it_ended(worker, seconds_);
}

} // namespace mirra::cli::conformance
