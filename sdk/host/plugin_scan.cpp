// Plugins loaded in a process of their own first.
#include "plugin_scan.hpp"

#include "child_process.hpp"
#include "mirra/descriptor.hpp"
#include "mirra/error.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <system_error>
#include <unistd.h>

namespace mirra::host {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{10};

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

void scan_plugin(const std::filesystem::path &worker, const std::filesystem::path &file) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        throw Error(ErrorCode::limit, "cannot make a pipe: " + std::generic_category().message(errno),
                    "flags", "Raise the process's limits, or leave MIRRA_PLUGIN_SCAN_PROCESS out.");
    const Descriptor from(ends[0]);
    Descriptor to(ends[1]);
    ChildProcess process(worker, {"--scan", file.string()}, to.get(), ChildProcess::Output::dropped);
    to.reset();
    const Answer answer = wait_for_answer(from.get());
    if (answer == Answer::scanned) return;
    if (answer == Answer::blocked)
        throw Error(ErrorCode::plugin, "it blocked a process of its own that loaded it first for " +
                                           std::to_string(kPatience.count()) + " s");
    throw Error(ErrorCode::plugin, "it ended a process of its own that loaded it first" + process.end().text);
}

} // namespace mirra::host
