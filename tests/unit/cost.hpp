// What an action costs: peak of resident memory and time, measured in a process of its own.
#pragma once

#include "mirra/error.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mirra::test {

// What sanitizers take of their own: freed memory is held back, and each byte has a shadow.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasurable = false;
constexpr std::uint64_t kToolBytes = std::uint64_t{512} << 20;
#else
constexpr bool kMeasurable = true;
constexpr std::uint64_t kToolBytes = 0;
#endif

struct Cost {
    int code = -1;           ///< of the Error that the action threw; 0: none
    std::uint64_t bytes = 0; ///< that the process grew by at its peak
    double seconds = 0;      ///< of the processor: what other programs do beside does not count
};

/// A field of /proc/self/status.
inline std::uint64_t status_bytes(const char *field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field)) return std::stoull(line.substr(std::strlen(field))) * 1024;
    return 0;
}

inline Cost cost_here(const std::function<void()> &action) {
    std::ofstream("/proc/self/clear_refs") << 5; // the peak begins anew
    const std::uint64_t before = status_bytes("VmRSS:");
    const std::clock_t begin = std::clock();
    Cost cost{.code = 0};
    try {
        action();
    } catch (const Error &error) {
        cost.code = static_cast<int>(error.code());
    }
    cost.seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    const std::uint64_t peak = status_bytes("VmHWM:");
    cost.bytes = peak > before ? peak - before : 0;
    return cost;
}

/// Runs the action in a child process, which must end well; an Error is a result as any other.
inline Cost cost_of(const std::function<void()> &action) {
    malloc_trim(0); // what this process has freed would hide what the child takes
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) return {};
    const pid_t child = fork();
    if (child == 0) {
        try {
            const Cost cost = cost_here(action);
            const bool told = write(ends[1], &cost, sizeof cost) == sizeof cost;
            _exit(told && !testing::Test::HasFailure()
                      ? 0
                      : 1); // the parent learns of a failed expectation here alone
        } catch (const std::exception &error) {
            std::cerr << "in the child: " << error.what() << '\n';
            _exit(1);
        }
    }
    close(ends[1]);
    Cost cost;
    const bool whole = read(ends[0], &cost, sizeof cost) == sizeof cost;
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(whole && status == 0) << "the child ended with status " << status;
    return cost;
}

} // namespace mirra::test
