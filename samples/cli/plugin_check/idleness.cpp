// Times and states of threads, as Linux shows them.
#include "idleness.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <utility>

namespace mirra::cli::conformance {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLittle = kSecond / 200; // a hundredth of a step: of threads that only look around

std::string text_of(const fs::path &file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Nanoseconds of all threads; -1 if they cannot be told.
std::int64_t computed_by(pid_t process) {
    clockid_t clock{};
    timespec time{};
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) != 0) return -1;
    return std::int64_t{time.tv_sec} * kSecond + time.tv_nsec;
}

/// 'R': it computes or is ready to, 'D': it waits for a disk; '\0' if it cannot be told.
char state_of(const fs::path &thread) {
    const std::string stat = text_of(thread / "stat");
    const auto name_end = stat.rfind(") ");
    return name_end == std::string::npos || name_end + 2 >= stat.size() ? '\0' : stat[name_end + 2];
}

bool works(const fs::path &thread) {
    const char state = state_of(thread);
    return state == 'R' || state == 'D' || state == '\0' || !text_of(thread / "children").empty();
}

/// Of this process, whose threads are at work here and whose children are known.
bool waits_for_disk(const fs::path &thread) {
    return state_of(thread) == 'D';
}

bool any_thread(pid_t process, bool (*is)(const fs::path &thread)) {
    std::error_code error;
    const fs::directory_iterator threads("/proc/" + std::to_string(process) + "/task", error);
    if (error) return true;
    return std::any_of(begin(threads), end(threads), [is](const auto &thread) { return is(thread.path()); });
}

} // namespace

double Idleness::look(pid_t process) {
    const std::int64_t theirs = computed_by(process);
    const std::int64_t before = std::exchange(computed_, theirs + computed_by(getpid()));
    const bool computed = theirs < 0 || computed_ - before > kLittle || computed_ < before;
    const bool idle = !computed && !any_thread(process, works) && !any_thread(getpid(), waits_for_disk);
    seconds_ = idle ? seconds_ + kStep : 0;
    return seconds_;
}

} // namespace mirra::cli::conformance
