// What is recorded of networks' runs, for how long, and what happens where it cannot be, on a device that
// counts.
#include "runtime/cuda/device_ledger.hpp"
#include "runtime/cuda/graph_cache.hpp"
#include "throws.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <optional>
#include <thread>

namespace mirra::test {
namespace {

using cuda::DeviceLedger, cuda::GraphCache, cuda::GraphRun, cuda::Recording;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A device with a network that adds 1.
struct Device {
    std::atomic<int> recordings{0}, held{0};
    std::uint64_t bytes = 100, expected = 90, free = std::uint64_t{1} << 40;
    std::optional<ErrorCode> record_fails, replay_fails, launch_fails_while_held;
    bool gives_nothing = false;
};

class Counted final : public Recording {
  public:
    explicit Counted(Device &device) : device_(device), bytes_(device.bytes) { ++device_.held; }
    Counted(const Counted &) = delete;
    Counted &operator=(const Counted &) = delete;
    ~Counted() override { --device_.held; }
    [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }
    int input = 0, output = 0;

  private:
    Device &device_;
    const std::uint64_t bytes_;
};

class OneRun final : public GraphRun {
  public:
    OneRun(Device &device, int given, DeviceLedger &ledger)
        : input(given)
        , device_(device)
        , ledger_(ledger) {}

    void launch() override {
        way += 'l';
        if (device_.launch_fails_while_held && device_.held > 0)
            throw Error(*device_.launch_fails_while_held, "no memory");
        output = input + 1;
    }
    std::shared_ptr<Recording> record() override {
        way += 'c';
        if (device_.record_fails) throw Error(*device_.record_fails, "a step waits for the processor");
        if (device_.gives_nothing) return nullptr;
        ++device_.recordings;
        return std::make_shared<Counted>(device_);
    }
    void replay(Recording &recording) override {
        way += 'r';
        if (device_.replay_fails) throw Error(*device_.replay_fails, "it has fallen off the bus");
        auto &own = dynamic_cast<Counted &>(recording);
        own.input = input;
        std::this_thread::yield();
        own.output = own.input + 1;
        output = own.output;
    }
    bool take(std::uint64_t holder, std::uint64_t bytes) override { return ledger_.take(holder, bytes); }
    [[nodiscard]] std::uint64_t room() const override { return ledger_.room(); }
    [[nodiscard]] std::uint64_t free_bytes() const override { return device_.free; }
    [[nodiscard]] std::uint64_t expected_bytes() const override { return device_.expected; }
    void note(const std::string &text) override { notes.push_back(text); }

    int input, output = 0;
    std::string way; ///< launched, captured, replayed
    std::vector<std::string> notes;

  private:
    Device &device_;
    DeviceLedger &ledger_;
};

struct GraphRecordings : ::testing::Test {
    Device device;
    DeviceLedger ledger{0};
    GraphCache cache{{.count = 3, .bytes = 1000, .spare = 50, .warm_up = 2}};
    std::vector<std::string> notes;

    /// How the run went, whose result is right.
    std::string go(std::int64_t extent, std::uint64_t network = 1) {
        OneRun run(device, static_cast<int>(extent), ledger);
        ledger.begin();
        cache.run({network, {1, 3, extent, extent}}, run);
        EXPECT_EQ(run.output, extent + 1);
        notes.insert(notes.end(), run.notes.begin(), run.notes.end());
        return run.way;
    }
    std::string go_often(std::int64_t extent, int times, std::uint64_t network = 1) {
        std::string ways;
        for (int i = 0; i < times; ++i) ways += (i == 0 ? "" : " ") + go(extent, network);
        return ways;
    }
};

TEST_F(GraphRecordings, AShapeIsRecordedAfterItsWarmUpAndReplayedFromThenOn) {
    EXPECT_EQ(go_often(32, 5), "l l cr r r");
    EXPECT_EQ(ledger.current_bytes(), 100U) << "its memory is the run's";
    EXPECT_EQ(go_often(64, 3), "l l cr") << "another shape, or batch";
    EXPECT_EQ(go_often(32, 3, 2), "l l cr") << "another network, or precision";
    EXPECT_EQ(go(32), "r");
    EXPECT_EQ(cache.count(), 3U);
    EXPECT_EQ(cache.bytes(), 300U);
    EXPECT_THAT(notes, IsEmpty());
}

TEST_F(GraphRecordings, WhatWasUsedLongestAgoMakesRoom) {
    for (const int extent : {1, 2, 3}) go_often(extent, 3);
    EXPECT_EQ(go(1), "r");
    EXPECT_EQ(go_often(4, 3), "l l cr");
    EXPECT_EQ(cache.count(), 3U);
    EXPECT_EQ(device.held, 3) << "the memory is given back";
    EXPECT_EQ(go(1), "r");
    EXPECT_EQ(go(3), "r");
    EXPECT_EQ(go_often(2, 9), "l l l l l l l l cr") << "it was dropped: it is recorded later than at first";
}

TEST_F(GraphRecordings, BytesAreBoundedToo) {
    device.bytes = 400;
    for (const int extent : {1, 2, 3}) go_often(extent, 3);
    EXPECT_EQ(cache.count(), 2U);
    EXPECT_EQ(cache.bytes(), 800U);
    device.expected = 1001;
    EXPECT_EQ(go_often(4, 5), "l l l l l");
    EXPECT_THAT(notes, ElementsAre(HasSubstr("1 x 3 x 4 x 4 is not recorded: it would take more memory")));
    device.expected = 10;
    device.bytes = 1001;
    EXPECT_EQ(go_often(5, 5), "l l cl l l") << "known by now";
    EXPECT_EQ(device.held, 2);
}

TEST_F(GraphRecordings, NothingIsRecordedWhereMemoryIsShort) {
    device.free = 139;
    EXPECT_EQ(go_often(8, 4), "l l l l");
    EXPECT_THAT(notes, ElementsAre(HasSubstr("memory is short"))) << "said once";
    device.free = 140;
    EXPECT_EQ(go_often(8, 2), "cr r");
}

struct LimitedRecordings : GraphRecordings {
    DeviceLedger narrow{99};
    std::string go_narrow(std::int64_t extent) {
        OneRun run(device, static_cast<int>(extent), narrow);
        narrow.begin();
        cache.run({1, {1, 3, extent, extent}}, run);
        EXPECT_EQ(run.output, extent + 1);
        notes.insert(notes.end(), run.notes.begin(), run.notes.end());
        narrow.check();
        return run.way;
    }
};

TEST_F(LimitedRecordings, RecordingsCountAgainstTheMemoryLimit) {
    for (const char *way : {"l", "l", "cl", "l", "l"}) EXPECT_EQ(go_narrow(8), way);
    EXPECT_EQ(device.held, 0) << "what turned out larger than foreseen is given back";
    EXPECT_THAT(notes, ElementsAre(HasSubstr("the memory limit leaves no room for it")));
    EXPECT_EQ(go(8), "cr") << "a session without a limit";
    EXPECT_EQ(go_narrow(8), "l") << "the limit leaves no room for what is there";
    EXPECT_EQ(narrow.peak_bytes(), 0U);
    EXPECT_EQ(go(8), "r");
}

TEST_F(GraphRecordings, ANetworkThatCannotBeRecordedRunsAsBefore) {
    device.record_fails = ErrorCode::unsupported;
    EXPECT_EQ(go_often(8, 5), "l l cl l l");
    EXPECT_THAT(notes, ElementsAre(HasSubstr("is not recorded: a step waits for the processor")));
    device.record_fails.reset();
    device.gives_nothing = true;
    EXPECT_EQ(go_often(9, 3), "l l cl");
    EXPECT_EQ(cache.count(), 0U);
}

TEST_F(GraphRecordings, ADeviceThatFailsIsAnErrorOfTheRun) {
    const auto lost = [&](const char *text) {
        EXPECT_THAT([&] { go(8); }, throws_error(ErrorCode::device, text));
    };
    go_often(8, 4);
    device.replay_fails = ErrorCode::device;
    lost("fallen off the bus");
    EXPECT_EQ(device.held, 0);
    EXPECT_EQ(cache.count(), 0U);
    EXPECT_EQ(go(8), "l") << "what is left of the device is not recorded any more";
    device.record_fails = ErrorCode::device;
    go_often(9, 2);
    EXPECT_THAT([&] { go(9); }, throws_error(ErrorCode::device, "waits for the processor"));
    EXPECT_EQ(go(9), "l");
}

TEST_F(GraphRecordings, OtherErrorsOfAReplayLeaveTheRecording) {
    go_often(8, 3);
    device.replay_fails = ErrorCode::budget;
    EXPECT_THAT([&] { go(8); }, throws_error(ErrorCode::budget, ""));
    device.replay_fails.reset();
    EXPECT_EQ(go(8), "r");
}

TEST_F(GraphRecordings, WhereThereIsNoMemoryTheyMakeRoom) {
    go_often(8, 3);
    device.launch_fails_while_held = ErrorCode::out_of_memory;
    EXPECT_EQ(go(16), "ll") << "once more, without them";
    EXPECT_EQ(device.held, 0);
    EXPECT_THAT(notes, ElementsAre(HasSubstr("dropped, since memory is short")));
    device.launch_fails_while_held.reset();
    go_often(8, 12);
    device.replay_fails = ErrorCode::out_of_memory;
    EXPECT_EQ(go(8), "rl");
    EXPECT_EQ(device.held, 0);
}

TEST_F(GraphRecordings, ANetworkThatIsGoneTakesItsRecordingsAlong) {
    const std::uint64_t one = cache.new_network(), other = cache.new_network();
    EXPECT_NE(one, other);
    go_often(8, 3, one);
    go_often(9, 3, other);
    cache.forget(one);
    EXPECT_EQ(device.held, 1);
    EXPECT_EQ(go(9, other), "r");
    cache.forget(other);
    EXPECT_EQ(cache.bytes(), 0U);
}

TEST_F(GraphRecordings, ShapesThatNeverComeAgainAreForgotten) {
    for (int extent = 1; extent < 200; ++extent) go(extent);
    EXPECT_EQ(go_often(1, 3), "l l cr") << "as new";
    for (int extent = 300; extent < 500; ++extent) go(extent);
    EXPECT_EQ(go(1), "r") << "what is recorded stays";
}

TEST_F(GraphRecordings, ThreadsShareThemAndEachHasItsOwnResult) {
    device.bytes = 10;
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            DeviceLedger own(0);
            for (int i = 0; i < 500; ++i) {
                OneRun run(device, 1000 * t + i, own);
                own.begin();
                cache.run({1, {1, 3, i % 5, 8}}, run);
                wrong += run.output == run.input + 1 ? 0 : 1;
            }
        });
    for (std::thread &each : threads) each.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(cache.count(), 3U);
    EXPECT_EQ(static_cast<std::size_t>(device.held), cache.count());
}

} // namespace
} // namespace mirra::test
