// Recordings of networks' runs through LibTorch's tensors, with a recorder that stands for CUDA graphs.
#include "mirra/error.hpp"
#include "runtime/torch/device_arena.hpp"
#include "runtime/torch/executable.hpp"
#include "runtime/torch/graph_runs.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/module.hpp"
#include "throws.hpp"

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace mirra::test {
namespace {

using runtime::GpuRecordings, runtime::NetworkRun, runtime::RecordedWork, runtime::Tensors;

/// Work that doubles what is in the memory that it was recorded with.
struct Doubling {
    at::Tensor from, to;
    int recorded = 0, replayed = 0;
    bool fails = false;
};

class DoubledAgain final : public RecordedWork {
  public:
    explicit DoubledAgain(Doubling &doubling) : doubling_(doubling) {}
    void replay() override {
        ++doubling_.replayed;
        doubling_.to.copy_(doubling_.from * 2);
    }
    [[nodiscard]] std::uint64_t bytes() const override { return 1000; }

  private:
    Doubling &doubling_;
};

class Recorder final : public runtime::WorkRecorder {
  public:
    explicit Recorder(Doubling &doubling) : doubling_(doubling) {}
    std::unique_ptr<RecordedWork> record(int /*gpu*/, const std::function<void()> &work) override {
        ++doubling_.recorded;
        TORCH_CHECK(!doubling_.fails, "CUDA error: operation not permitted when stream is capturing");
        work();
        return std::make_unique<DoubledAgain>(doubling_);
    }

  private:
    Doubling &doubling_;
};

struct RuntimeGraphs : ::testing::Test {
    Doubling doubling;
    Recorder recorder{doubling};
    GpuRecordings recordings{recorder, c10::Device(c10::kCPU), 1U << 20, [] { return UINT64_MAX; }};
    std::vector<std::string> notes;
    const c10::InferenceMode inference;
    bool cancelled = false;

    at::Tensor doubled(float value) {
        const Tensors inputs{at::full({1, 3, 4, 5}, value).contiguous(at::MemoryFormat::ChannelsLast)};
        const auto launch = [&] { return Tensors{inputs[0] * 2}; };
        const auto compute = [&](const Tensors &given) {
            doubling.from = given[0];
            doubling.to = given[0] * 2;
            return Tensors{doubling.to};
        };
        const auto look = [&] {
            if (cancelled) throw Error(ErrorCode::cancelled, "stop");
        };
        return run_recorded(recordings,
                            NetworkRun{{1, {1, 3, 4, 5}}, inputs, launch, compute, [] { return 500; }, look})
            .at(0);
    }
};

TEST_F(RuntimeGraphs, AReplayComputesThisRunsInputsIntoMemoryOfItsOwn) {
    std::vector<at::Tensor> kept;
    for (int i = 0; i < 6; ++i) kept.push_back(doubled(static_cast<float>(i)));
    for (int i = 0; i < 6; ++i)
        EXPECT_TRUE(at::equal(kept[static_cast<std::size_t>(i)],
                              at::full({1, 3, 4, 5}, 2.0F * static_cast<float>(i))));
    EXPECT_EQ(doubling.recorded, 1);
    EXPECT_EQ(doubling.replayed, 4);
    EXPECT_TRUE(doubling.from.is_contiguous(at::MemoryFormat::ChannelsLast)) << "as it was given";
    EXPECT_EQ(recordings.cache.bytes(), 1000U + 60 * 4);
}

TEST_F(RuntimeGraphs, WhatCannotBeRecordedIsComputedAndSaid) {
    doubling.fails = true;
    const auto arena = runtime::make_device_arena(0, [&](const std::string &text) { notes.push_back(text); });
    const auto scope = runtime::enter_device_arena(arena);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(doubled(3).max().item<float>(), 6);
    EXPECT_EQ(doubling.recorded, 1);
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_NE(notes[0].find("is not recorded: CUDA error: operation not permitted"), std::string::npos);
}

TEST_F(RuntimeGraphs, RecordingsCountInTheRunsMemory) {
    const auto arena = runtime::make_device_arena(1239, {});
    {
        const auto scope = runtime::enter_device_arena(arena);
        for (int i = 0; i < 4; ++i) doubled(1);
        EXPECT_EQ(doubling.replayed, 0) << "one byte too many";
    }
    const auto wider = runtime::make_device_arena(1240, {});
    const auto scope = runtime::enter_device_arena(wider);
    doubled(1);
    EXPECT_EQ(doubling.replayed, 1);
    EXPECT_EQ(wider->peak_bytes(), 1240U);
}

TEST_F(RuntimeGraphs, ARunThatIsCancelledReplaysNothing) {
    for (int i = 0; i < 3; ++i) doubled(1);
    cancelled = true;
    EXPECT_THAT([&] { doubled(1); }, throws_error(ErrorCode::cancelled, "stop"));
    cancelled = false;
    EXPECT_EQ(doubled(2).max().item<float>(), 4);
    EXPECT_EQ(doubling.replayed, 2);
}

} // namespace
} // namespace mirra::test
