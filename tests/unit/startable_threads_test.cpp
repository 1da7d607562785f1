// How many threads a library has by itself, whatever the environment says.
#include "runtime/plan/startable_threads.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace mirra::runtime {
namespace {

TEST(StartableThreads, AnEnvironmentThatAsksForTooManyGetsOneForEachProcessor) {
    EXPECT_EQ(default_threads(1), 1);
    EXPECT_EQ(default_threads(1024), 1024);
    const int own = default_threads(100'000);
    EXPECT_GE(own, 1);
    EXPECT_LE(own, static_cast<int>(std::thread::hardware_concurrency()));
}

} // namespace
} // namespace mirra::runtime
