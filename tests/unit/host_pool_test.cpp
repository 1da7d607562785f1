// Several GPUs as one device: names, whose turn it is, and what becomes of one that fails.
#include "device_pool.hpp"
#include "throws.hpp"

#include "mirra/error.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

namespace mirra::host {
namespace {

using ::testing::ElementsAre;
using Loads = std::shared_ptr<DeviceLoads>;

const std::function<void()> kGoOn = [] {};

Loads make_loads() {
    return std::make_shared<DeviceLoads>();
}

TEST(DevicePool, ListsAndAllOfThemAreSeveralDevices) {
    for (const char *name : {"cuda:all", "cuda:0,1", "cuda:0,cuda:1", "cuda:,"}) EXPECT_TRUE(is_pool(name));
    for (const char *name : {"cpu", "cuda", "cuda:0", "cuda:every", "cpu,cuda:0", ""})
        EXPECT_FALSE(is_pool(name)) << name;
    EXPECT_THAT(listed_devices("cuda:2,0"), ElementsAre("cuda:2", "cuda:0"));
    EXPECT_THAT(listed_devices("cuda:0,cuda:1"), ElementsAre("cuda:0", "cuda:1"));
}

TEST(DevicePool, AListThatIsNoneIsRefused) {
    for (const char *name : {"cuda:0,", "cuda:,1", "cuda:0,,1", "cuda:0,one", "cuda:0,all", "cuda:0, 1",
                             "cuda:0,-1", "cuda:0,99999"})
        EXPECT_THAT([&] { static_cast<void>(listed_devices(name)); },
                    mirra::test::throws_error(ErrorCode::invalid_argument, "is no list of GPUs"))
            << name;
    EXPECT_THAT([] { static_cast<void>(listed_devices("cuda:1,01")); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "names a GPU twice"));
}

TEST(DevicePool, TheLeastBusyDeviceIsNext) {
    const Loads loads = make_loads();
    DeviceTurns turns({"cuda:0", "cuda:1", "cuda:2"}, loads);
    loads->begin("cuda:0"); // of another session
    {
        const auto one = turns.take(kGoOn);
        EXPECT_EQ(one.index(), 1U);
        const auto two = turns.take(kGoOn);
        EXPECT_EQ(two.index(), 2U);
        const auto three = turns.take(kGoOn);
        EXPECT_EQ(three.index(), 0U) << "busy, but this session has no run there";
    }
    EXPECT_EQ(loads->load("cuda:1").running, 0U);
    loads->end("cuda:0");
    EXPECT_EQ(turns.take(kGoOn).index(), 1U) << "where fewest runs have been";
    EXPECT_EQ(turns.take(kGoOn).index(), 2U);
}

TEST(DevicePool, WhoWaitsIsServedInTheOrderOfTheLine) {
    DeviceTurns turns({"cuda:0"}, make_loads());
    std::vector<int> order;
    std::mutex mutex;
    std::vector<std::thread> waiting;
    std::atomic<int> looking{0};
    {
        const auto held = turns.take(kGoOn);
        for (int i = 0; i < 3; ++i) {
            std::atomic<bool> in_line{false};
            waiting.emplace_back([&, i] {
                const auto turn = turns.take([&] { in_line = true; });
                const std::lock_guard lock(mutex);
                order.push_back(i);
            });
            while (!in_line) std::this_thread::yield();
            ++looking;
        }
        EXPECT_TRUE(order.empty());
    }
    for (std::thread &each : waiting) each.join();
    EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(DevicePool, OneThatGivesUpLeavesTheLine) {
    DeviceTurns turns({"cuda:0"}, make_loads());
    std::atomic<bool> served{false}, in_line{false};
    std::thread second;
    {
        const auto held = turns.take(kGoOn);
        const auto cancelled = [] { throw Error(ErrorCode::cancelled, "stop"); };
        EXPECT_THAT([&] { static_cast<void>(turns.take(cancelled)); },
                    mirra::test::throws_error(ErrorCode::cancelled, "stop"));
        second = std::thread([&] {
            const auto turn = turns.take([&] { in_line = true; });
            served = true;
        });
        while (!in_line) std::this_thread::yield();
        EXPECT_FALSE(served);
    }
    second.join();
    EXPECT_TRUE(served);
}

TEST(DevicePool, WhoWaitsForOneDeviceGetsItAndHoldsUpNobodyElse) {
    DeviceTurns turns({"cuda:0", "cuda:1"}, make_loads());
    EXPECT_EQ(turns.take(kGoOn, "cuda:1").index(), 1U);
    std::atomic<bool> in_line{false}, served{false};
    std::thread waiting;
    {
        const auto held = turns.take(kGoOn, "cuda:1");
        waiting = std::thread([&] {
            const auto turn = turns.take([&] { in_line = true; }, "cuda:1");
            served = turn.index() == 1;
        });
        while (!in_line) std::this_thread::yield();
        for (int i = 0; i < 3; ++i) EXPECT_EQ(turns.take(kGoOn).index(), 0U) << "though one waits before it";
        EXPECT_FALSE(served);
    }
    waiting.join();
    EXPECT_TRUE(served);
}

TEST(DevicePool, WhoWaitsForADeviceThatFailsHearsIt) {
    DeviceTurns turns({"cuda:0", "cuda:1"}, make_loads());
    turns.fail(1, "it fell off the bus");
    EXPECT_THAT(
        [&] { static_cast<void>(turns.take(kGoOn, "cuda:1")); },
        mirra::test::throws_error(ErrorCode::device,
                                  "the GPU of the run's images has failed: cuda:1: it fell off the bus"));
    EXPECT_EQ(turns.take(kGoOn).index(), 0U);
}

TEST(DevicePool, ADeviceThatFailedIsNotUsedAnyMore) {
    const Loads loads = make_loads();
    DeviceTurns turns({"cuda:0", "cuda:1"}, loads), others({"cuda:1"}, loads);
    EXPECT_TRUE(turns.fail(1, "it fell off the bus"));
    EXPECT_FALSE(turns.fail(1, "again")) << "it is known";
    for (int i = 0; i < 3; ++i) EXPECT_EQ(turns.take(kGoOn).index(), 0U);
    EXPECT_THAT([&] { static_cast<void>(others.take(kGoOn)); },
                mirra::test::throws_error(
                    ErrorCode::device, "all GPUs of the session have failed: cuda:1: it fell off the bus"));
}

TEST(DevicePool, WhoWaitsForTheLastDeviceHearsThatItFailed) {
    const Loads loads = make_loads();
    DeviceTurns turns({"cuda:0"}, loads);
    std::atomic<bool> in_line{false};
    std::string message;
    const auto held = turns.take(kGoOn);
    std::thread waiting([&] {
        try {
            const auto turn = turns.take([&] { in_line = true; });
        } catch (const Error &error) {
            message = error.what();
        }
    });
    while (!in_line) std::this_thread::yield();
    turns.fail(0, "gone");
    waiting.join();
    EXPECT_EQ(message, "all GPUs of the session have failed: cuda:0: gone");
}

} // namespace
} // namespace mirra::host
