// How many threads a library has by itself, whatever the environment says.
#include "runtime/plan/startable_threads.hpp"

#include "mirra/error.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace mirra::runtime {
namespace {

TEST(StartableThreads, AnEnvironmentThatAsksForTooManyGetsOneForEachProcessor) {
    EXPECT_EQ(default_threads(1), 1);
    EXPECT_EQ(default_threads(1024), 1024);
    const int own = default_threads(100'000);
    EXPECT_GE(own, 1);
    EXPECT_LE(own, static_cast<int>(std::thread::hardware_concurrency()));
}

TEST(StartableThreads, OnlyProcessorsThatTheProcessMayUseCount) {
    int own = 0;
    std::thread([&own] {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<std::size_t>(sched_getcpu()), &one);
        if (sched_setaffinity(0, sizeof one, &one) == 0) own = default_threads(100'000);
    }).join();
    EXPECT_EQ(own, 1);
}

constexpr int kByVariable = 3, kByNumber = 4, kStarted = 5;

/// Ends the process, which may start no thread, with what a number of threads that nobody asked for is told.
[[noreturn]] void start_none(int count, const char *variable) {
    setenv("OMP_NUM_THREADS", variable, 1);
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_NPROC, &none) != 0 || (geteuid() == 0 && setresuid(65533, 65533, 65533) != 0))
        _exit(1);
    try {
        check_startable(count, false);
    } catch (const Error &error) {
        const bool named = error.subject() == "OMP_NUM_THREADS";
        _exit(named ? kByVariable : error.subject() == "threads" ? kByNumber : 1);
    }
    _exit(kStarted);
}

TEST(StartableThreads, OnlyAVariableThatWasFollowedIsToBlame) {
    using testing::ExitedWithCode;
    EXPECT_EXIT(start_none(1, "1"), ExitedWithCode(kStarted), "");
    EXPECT_EXIT(start_none(8, "8"), ExitedWithCode(kByVariable), "");
    EXPECT_EXIT(start_none(8, "8,2"), ExitedWithCode(kByVariable), "") << "of nested teams";
    EXPECT_EXIT(start_none(8, "100000"), ExitedWithCode(kByNumber), "") << "more than a caller may ask for";
    EXPECT_EXIT(start_none(8, ""), ExitedWithCode(kByNumber), "");
}

} // namespace
} // namespace mirra::runtime
