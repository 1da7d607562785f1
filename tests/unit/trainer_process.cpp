// Starting processes.
#include "trainer_process.hpp"

#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

namespace mirra::test {
namespace {

std::vector<char *> pointers(std::vector<std::string> &texts) {
    std::vector<char *> out;
    for (auto &text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> environment_with(const Variables &variables) {
    std::vector<std::string> out;
    for (char **entry = environ; *entry; ++entry) out.emplace_back(*entry);
    for (const auto &[name, value] : variables) out.push_back(name + "=" + value);
    return out;
}

} // namespace

TrainProcess::TrainProcess(const std::vector<std::string> &arguments, const Variables &variables,
                           std::filesystem::path log)
    : log_(std::move(log)) {
    std::vector<std::string> words{MIRRA_TEST_TRAIN};
    words.insert(words.end(), arguments.begin(), arguments.end());
    auto settings = environment_with(variables);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_.c_str(), O_CREAT | O_TRUNC | O_WRONLY,
                                     0644);
    const int failure = posix_spawn(&id_, words.front().c_str(), &actions, nullptr, pointers(words).data(),
                                    pointers(settings).data());
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) throw std::runtime_error("cannot start " + words.front());
}

TrainProcess::~TrainProcess() {
    if (!running()) return;
    signal(SIGKILL);
    wait();
}

void TrainProcess::signal(int number) const {
    kill(id_, number);
}

int TrainProcess::wait() {
    if (!ended_) waitpid(id_, &status_, 0);
    ended_ = true;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
}

bool TrainProcess::running() {
    if (!ended_) ended_ = waitpid(id_, &status_, WNOHANG) == id_;
    return !ended_;
}

std::string TrainProcess::output() const {
    std::ifstream file(log_);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

bool TrainProcess::wait_for(const std::string &text) {
    while (running()) {
        if (output().find(text) != std::string::npos) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
}

bool TrainProcess::wait_for_file(const std::filesystem::path &path) {
    while (running()) {
        if (std::filesystem::exists(path)) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
}

Variables launched(int rank, int world, int port) {
    return {{"RANK", std::to_string(rank)},
            {"WORLD_SIZE", std::to_string(world)},
            {"LOCAL_RANK", std::to_string(rank)},
            {"MASTER_ADDR", "127.0.0.1"},
            {"MASTER_PORT", std::to_string(port)}};
}

} // namespace mirra::test
