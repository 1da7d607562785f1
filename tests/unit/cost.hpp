// What an action costs: peak of resident memory and time, measured in a process of its own.
#pragma once

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <malloc.h>

#include <cstdint>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>

namespace mirra::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasurable = false; ///< sanitizers take memory and time of their own
#else
constexpr bool kMeasurable = true;
#endif

struct Cost {
    std::uint64_t bytes = 0; ///< that the process grew by at its peak
    double seconds = 0;      ///< of the processor: what other programs do beside does not count
};

/// Where a child leaves what it cost.
inline std::string cost_file(pid_t child) {
    return testing::TempDir() + "/mirra-cost-" + std::to_string(child);
}

/// Runs the action in a child process, which must neither fail nor throw.
inline Cost cost_of(const std::function<void()> &action) {
    malloc_trim(0); // what this process has freed would hide what the child takes
    const pid_t child = fork();
    if (child == 0) {
        std::uint64_t ignored = 0, resident = 0;
        std::ifstream("/proc/self/statm") >> ignored >> resident;
        try {
            action();
        } catch (const std::exception &error) {
            std::cerr << "in the child: " << error.what() << '\n';
            _exit(1);
        }
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        const auto before = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) >> 10;
        const auto peak = static_cast<std::uint64_t>(usage.ru_maxrss);
        const auto seconds = [](const timeval &time) {
            return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
        };
        std::ofstream(cost_file(getpid())) << (peak > before ? peak - before : 0) << ' '
                                           << seconds(usage.ru_utime) + seconds(usage.ru_stime);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    Cost cost;
    std::uint64_t kilobytes = 0;
    EXPECT_TRUE(std::ifstream(cost_file(child)) >> kilobytes >> cost.seconds)
        << "the child ended with status " << status;
    EXPECT_EQ(status, 0);
    unlink(cost_file(child).c_str());
    cost.bytes = kilobytes << 10;
    return cost;
}

} // namespace mirra::test
