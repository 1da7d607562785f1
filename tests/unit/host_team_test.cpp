// Teams of threads: the work is shared, a failure stops all, and a team within a team stays on its thread.
#include "team.hpp"

#include "mirra/error.hpp"
#include "throws.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <mutex>
#include <set>
#include <thread>

namespace mirra::host {
namespace {

TEST(HostTeam, ATeamWithinATeamStaysOnItsThread) {
    std::mutex mutex;
    std::set<std::thread::id> outer, inner;
    std::latch all(3); // so that no thread has the number of one that has ended
    run_on_threads(3, [&](const std::atomic<bool> &) {
        all.arrive_and_wait();
        const auto thread = std::this_thread::get_id();
        run_on_threads(3, [&](const std::atomic<bool> &) {
            const std::lock_guard lock(mutex);
            outer.insert(thread);
            inner.insert(std::this_thread::get_id());
        });
    });
    EXPECT_EQ(3U, outer.size());
    EXPECT_EQ(outer, inner);
    std::set<std::thread::id> after;
    std::latch both(2);
    run_on_threads(2, [&](const std::atomic<bool> &) {
        both.arrive_and_wait();
        const std::lock_guard lock(mutex);
        after.insert(std::this_thread::get_id());
    });
    EXPECT_EQ(2U, after.size()) << "a team may follow";
}

TEST(HostTeam, AFailureStopsTheOthers) {
    std::atomic<bool> failed{false};
    const auto body = [&](const std::atomic<bool> &stop) {
        if (!failed.exchange(true)) throw Error(ErrorCode::device, "the first");
        while (!stop) std::this_thread::yield();
    };
    EXPECT_THAT([&] { run_on_threads(3, body); }, mirra::test::throws_error(ErrorCode::device, "the first"));
}

} // namespace
} // namespace mirra::host
