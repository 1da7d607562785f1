// Loops on LibTorch's threads: each place once, on several threads.
#include "runtime/torch/parallel.hpp"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace mirra::test {
namespace {

struct Range {
    std::int64_t begin, end;
    int number; ///< at::get_thread_num()
    std::thread::id thread;
};

std::vector<Range> ranges_of(std::int64_t count, std::int64_t grain) {
    std::mutex mutex;
    std::vector<Range> out;
    runtime::parallel_ranges(count, grain, [&](std::int64_t begin, std::int64_t end) {
        const std::scoped_lock lock(mutex);
        out.push_back({begin, end, at::get_thread_num(), std::this_thread::get_id()});
    });
    std::ranges::sort(out, {}, &Range::begin);
    return out;
}

class ParallelRanges : public testing::Test {
  public:
    ParallelRanges() { at::set_num_threads(3); }
    ~ParallelRanges() override { at::set_num_threads(before_); }

  private:
    int before_ = at::get_num_threads();
};

TEST_F(ParallelRanges, CoverEachPlaceOnce) {
    for (const std::int64_t count : {1, 2, 3, 7, 1000})
        for (const std::int64_t grain : {1, 5, 400, 5000}) {
            std::int64_t next = 0;
            for (const auto &range : ranges_of(count, grain)) {
                EXPECT_EQ(range.begin, next) << count << " by " << grain;
                next = range.end;
            }
            EXPECT_EQ(next, count) << grain;
        }
    EXPECT_TRUE(ranges_of(0, 1).empty());
}

TEST_F(ParallelRanges, RunOnThreadsThatHaveNumbers) {
    const auto ranges = ranges_of(300, 1);
    std::set<std::thread::id> threads;
    std::set<int> numbers;
    for (const auto &range : ranges) {
        threads.insert(range.thread);
        numbers.insert(range.number);
    }
    EXPECT_EQ(threads.size(), 3U) << "compiled without OpenMP, at::parallel_for() has one";
    EXPECT_EQ(numbers, (std::set<int>{0, 1, 2}));
}

TEST_F(ParallelRanges, KeepSmallWorkOnTheCallingThread) {
    const auto ranges = ranges_of(5, 5);
    ASSERT_EQ(ranges.size(), 1U);
    EXPECT_EQ(ranges.front().thread, std::this_thread::get_id());
}

} // namespace
} // namespace mirra::test
