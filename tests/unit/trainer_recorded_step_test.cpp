// Recorded steps, with a recorder that stands for CUDA graphs: what the first recorded step computed is what
// all later ones compute.
#include "core/recorded_step.hpp"
#include "runtime/torch/recorder.hpp"
#include "tasks/anomaly.hpp"
#include "tasks/denoiser.hpp"
#include "tasks/encoder.hpp"
#include "tasks/inverter.hpp"
#include "tasks/network.hpp"
#include "trainer_small_encoder.hpp"
#include "trainer_support.hpp"

#include <c10/util/Exception.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace {

using namespace mirra;
using namespace mirra::trainer;
using mirra::test::make_classes;
using mirra::test::make_pictures;
using mirra::test::weights_of;
using testing::HasSubstr;

/// Does the work again as it was, with all that it has taken along.
class Again final : public runtime::RecordedWork {
  public:
    Again(std::function<void()> work, int &replays) : work_(std::move(work)), replays_(replays) {}
    void replay() override {
        ++replays_;
        const torch::AutoGradMode with_gradients(true);
        work_();
    }
    [[nodiscard]] std::uint64_t bytes() const override { return 0; }

  private:
    std::function<void()> work_;
    int &replays_;
};

class Recorder final : public runtime::WorkRecorder {
  public:
    std::unique_ptr<runtime::RecordedWork> record(int /*gpu*/, const std::function<void()> &work) override {
        ++recordings;
        TORCH_CHECK(!fails, "CUDA error: operation not permitted when stream is capturing");
        return std::make_unique<Again>(work, replays);
    }
    int recordings = 0, replays = 0;
    bool fails = false;
};

struct RecordedSteps : ::testing::Test {
    Recorder recorder;
    RecordedStep step{torch::kCPU, &recorder};

    /// @param factor  a number of one step alone, which a recording does not see
    torch::Tensor times(float value, float factor, std::int64_t kind = 0, std::int64_t size = 4) {
        return step
            .run(kind, {torch::full({size}, value)},
                 [factor](const auto &inputs) { return RecordedStep::Tensors{inputs[0] * factor}; })
            .at(0);
    }
};

TEST_F(RecordedSteps, TheFirstThreeAreComputedAndAllOthersReplayed) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(times(2, 10).max().item<float>(), 20);
    EXPECT_EQ(recorder.recordings, 0);
    const auto kept = times(3, 10);
    EXPECT_EQ(times(4, 99).max().item<float>(), 40) << "by what was recorded";
    EXPECT_EQ(kept.max().item<float>(), 30) << "the next step leaves it alone";
    EXPECT_EQ(recorder.recordings, 1);
    EXPECT_EQ(recorder.replays, 2);
}

TEST_F(RecordedSteps, AnotherKindOrSizeIsRecordedAnew) {
    for (int i = 0; i < 5; ++i) times(2, 10);
    EXPECT_EQ(times(2, 3, 1).max().item<float>(), 6) << "another kind";
    EXPECT_EQ(times(2, 4, 1, 9).sizes(), torch::IntArrayRef({9}));
    EXPECT_EQ(recorder.recordings, 1);
    for (int i = 0; i < 3; ++i) times(2, 4, 1, 9);
    EXPECT_EQ(recorder.recordings, 2);
}

TEST_F(RecordedSteps, WhatCannotBeRecordedIsComputedAndSaidOnce) {
    recorder.fails = true;
    testing::internal::CaptureStderr();
    for (int i = 0; i < 8; ++i)
        EXPECT_EQ(times(2, static_cast<float>(i)).max().item<float>(), 2 * static_cast<float>(i));
    const auto log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, HasSubstr("steps are not recorded: CUDA error: operation not permitted"));
    EXPECT_EQ(recorder.recordings, 1);
}

/// A training with recorded steps ends with the weights of one without: no number of a step alone, no draw
/// and no picture has come into the recording.
/// @param recordings  that are made: of each kind of step one
template<class Command>
void expect_same(const Command &command, int (*train)(const Command &), int recordings) {
    Recorder recorder;
    auto recorded = command;
    recorded.output = command.output.parent_path() / "recorded.mirra";
    recorded.recorder = &recorder;
    ASSERT_EQ(train(command), 0);
    ASSERT_EQ(train(recorded), 0);
    EXPECT_GT(recorder.replays, 3);
    EXPECT_EQ(recorder.recordings, recordings);
    EXPECT_EQ(weights_of(recorded.output), weights_of(command.output));
}

constexpr const char *kEnd = R"(
[validation]
every = 5
pictures = 2
[training]
precision = "fp32"
seed = 3
)";

template<class Command> Command command_for(const std::string &name, const std::string &recipe) {
    return test::run_command<Command>("recorded-" + name, recipe + kEnd, "plain.mirra");
}

TEST(RecordedTraining, OfADenoiserWhoseStatisticsFreezeInTheMiddle) {
    auto command = command_for<DenoiserCommand>("denoiser", R"(
[network]
channels = [8, 8]
blocks = [1, 1]
[data]
crop = 16
batch = 2
[noise]
known_probability = 0.5
[optimizer]
steps = 14
freeze_statistics_from = 0.5
average_decay = 0.9
)");
    command.data = {make_pictures("recorded-denoiser", 6, 40, 36)};
    expect_same(command, train_denoiser, 2);
}

TEST(RecordedTraining, OfAGeneratorWithAFeatureLoss) {
    auto command = command_for<InverterCommand>("inverter", R"(
[data]
extent = 32
batch = 2
[loss]
feature = "relative"
[optimizer]
steps = 10
)");
    command.encoder = test::small_encoder("recorded-encoder");
    command.data = {make_pictures("recorded-inverter", 8, 40, 36).string()};
    command.overrides["loss.kind"] = "pix+feat";
    expect_same(command, train_inverter, 1);
}

TEST(RecordedTraining, OfANetworkThatMarksDefects) {
    auto command = command_for<AnomalyCommand>("anomaly", R"(
[segmentation]
steps = 10
batch = 2
extent = 64
crop = 32
channels = [4, 8]
)");
    command.data = {make_pictures("recorded-anomaly", 24, 70, 66).string()};
    command.overrides["training.method"] = "segmentation";
    expect_same(command, train_anomaly, 1);
}

class RecordedEncoder : public ::testing::TestWithParam<const char *> {};

TEST_P(RecordedEncoder, LearnsTheSame) {
    auto command = command_for<EncoderCommand>(GetParam(), R"(
[network]
architecture = "resnet18"
width = 0.125
[data]
extent = 32
batch = 8
[adversary]
epsilon = 0.5
steps = 2
warmup_epochs = 0.5
random_start = true
[optimizer]
epochs = 4
)");
    std::string recipe = test::text_of(command.recipe);
    recipe.replace(recipe.find("every = 5"), 9, "every_epochs = 2");
    std::ofstream(command.recipe) << recipe;
    command.data = {make_classes("recorded-classes", 12).string()};
    command.validation = command.data;
    command.overrides["adversary.kind"] = GetParam();
    expect_same(command, train_encoder, std::string(GetParam()) == "none" ? 1 : 2);
}

INSTANTIATE_TEST_SUITE_P(Adversaries, RecordedEncoder, ::testing::Values("none", "pgd", "fgsm-rs", "gairat"),
                         [](const auto &each) {
                             return std::string(each.param) == "fgsm-rs" ? "fgsm" : std::string(each.param);
                         });

} // namespace
