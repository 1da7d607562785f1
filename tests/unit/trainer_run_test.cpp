// Training: the loss falls, a resumed run equals an uninterrupted one bit for bit, spectral norm,
// checkpoints.
#include "core/graph_module.hpp"
#include "core/optimizer.hpp"
#include "core/progress.hpp"
#include "core/run_folder.hpp"
#include "core/training_run.hpp"
#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "scratch.hpp"
#include "tasks/denoiser.hpp"
#include "trainer_record.hpp"
#include "trainer_support.hpp"
#include "wrapped_task.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <thread>

namespace {

using namespace mirra;
using namespace mirra::trainer;

using test::refusal;
using test::weights_of;
using testing::HasSubstr;

constexpr const char *kRecipe = R"(
[network]
channels = [8, 8]
blocks = [1, 1]
zero_init = ["decoder.output.weight"]
[data]
crop = 32
batch = 4
[noise]
sigma_minimum = 25
sigma_maximum = 25
known_probability = 0.5
[optimizer]
steps = 60
rate = 3e-3
warmup = 2
[validation]
every = 30
pictures = 1
[training]
precision = "fp32"
seed = 3
)";

DenoiserCommand command_for(const std::string &name, const std::string &recipe = kRecipe) {
    auto command = test::run_command<DenoiserCommand>("mirra-train-" + name, recipe, "denoiser.mirra");
    command.data = {test::make_pictures("train-" + name, 4, 64, 48)};
    command.threads = 0; // all, as users have it
    return command;
}

/// What is said on standard error.
template<class Function> std::string said_by(const Function &function) {
    testing::internal::CaptureStderr();
    function();
    return testing::internal::GetCapturedStderr();
}

/// The step of the checkpoint that a run leaves which dies at step 9.
std::int64_t checkpoint_of_a_dying_run(const std::string &name, std::chrono::seconds interval) {
    const auto command = command_for(name);
    const auto task = denoiser_task(command);
    test::DyingTask dying(*task, 9);
    const RunOptions options{
        .folder = run_folder(command), .checkpoint_every = 3, .checkpoint_interval = interval};
    EXPECT_THROW(run_training(dying, options), test::Died);
    const auto found =
        load_checkpoint(options.folder / "checkpoint.safetensors", task->state(), task->fingerprint());
    return found ? found->step : 0;
}

TEST(Checkpoints, KeepTheirIntervalAfterTheFirst) {
    EXPECT_EQ(checkpoint_of_a_dying_run("checkpoints-apart", std::chrono::hours(1)), 3);
    EXPECT_EQ(checkpoint_of_a_dying_run("checkpoints-close", {}), 9);
}

TEST(Checkpoints, ARunThatDiesBeforeTheFirstOneIsSaidToBeginAnew) {
    auto command = command_for("dies-early");
    command.overrides["optimizer.steps"] = "3";
    const auto task = denoiser_task(command);
    test::DyingTask dying(*task, 2);
    const RunOptions options{.folder = run_folder(command)};
    EXPECT_THAT(said_by([&] { EXPECT_THROW(run_training(dying, options), test::Died); }),
                Not(HasSubstr("begins anew")))
        << "the first run of all";
    EXPECT_THAT(said_by([&] { EXPECT_EQ(train_denoiser(command), 0); }),
                HasSubstr("ended before its first checkpoint (at step 250); this one begins anew"));
    command.restart = true;
    EXPECT_THAT(said_by([&] { EXPECT_EQ(train_denoiser(command), 0); }), Not(HasSubstr("begins anew")))
        << "as was asked";
}

/// What a run is told whose named tensor overflows in the step from 4 to 5, and the step of its checkpoint.
std::pair<Error, std::int64_t> overflowing_run(const std::string &name, const std::string &tensor) {
    const auto command = command_for(name);
    const auto task = denoiser_task(command);
    test::OverflowingTask overflowing(*task, tensor, 4);
    const RunOptions options{.folder = run_folder(command), .checkpoint_every = 1, .checkpoint_interval = {}};
    Error told(ErrorCode::internal, "nothing");
    try {
        run_training(overflowing, options);
    } catch (const Error &error) {
        told = error;
    }
    EXPECT_FALSE(std::filesystem::exists(command.output));
    const auto found =
        load_checkpoint(options.folder / "checkpoint.safetensors", task->state(), task->fingerprint());
    return {told, found ? found->step : 0};
}

TEST(Checkpoints, AreNotWrittenOfADivergedRun) {
    for (const std::string tensor : {"decoder.output.weight", "adam.0.square"}) {
        const auto [error, step] = overflowing_run("overflows-" + tensor, tensor);
        EXPECT_EQ(step, 4) << "the last good one stays";
        EXPECT_THAT(error.what(), HasSubstr("not finite after step 5: " + tensor));
        EXPECT_EQ(error.subject(), "optimizer.rate");
        EXPECT_THAT(error.hint(), HasSubstr("--set optimizer.rate=..."));
    }
}

TEST(Training, IsTheSameWhereverItsCropsAreCut) {
    std::vector<std::map<std::string, std::vector<float>>> weights;
    for (const int threads : {1, 3}) {
        auto command = command_for("cut-by-" + std::to_string(threads));
        command.loader_threads = threads;
        command.threads = 1;
        command.overrides["optimizer.steps"] = "6";
        ASSERT_EQ(train_denoiser(command), 0);
        weights.push_back(weights_of(command.output));
        command.cut_on = torch::kCPU;
        command.restart = true;
        ASSERT_EQ(train_denoiser(command), 0);
        weights.push_back(weights_of(command.output));
    }
    for (const auto &others : weights) EXPECT_EQ(others, weights.front());
}

TEST(Training, LearnsAndLeavesBundleLogAndCurves) {
    auto command = command_for("learns");
    command.overrides["optimizer.steps"] = "300";
    ASSERT_EQ(train_denoiser(command), 0);
    const auto bundle = bundle::Bundle::open(command.output);
    EXPECT_EQ(bundle->manifest().task, "denoise");
    EXPECT_TRUE(bundle->manifest().graphs.contains("denoiser"));
    const auto folder = command.output.string() + ".run";
    const RunLog log(
        folder + "/log.csv",
        {"loss", "rate", "gradient_norm", "validation_psnr", "pictures_per_second", "waiting_for_pictures"},
        1000);
    ASSERT_GE(log.rows().size(), 3u);
    EXPECT_LT(log.rows().back().values[0], 0.8 * log.rows().front().values[0]);
    EXPECT_TRUE(std::isfinite(log.rows().back().values[3]));
    EXPECT_GT(log.rows().back().values[4], 0);
    EXPECT_GE(log.rows().back().values[5], 0);
    EXPECT_LT(log.rows().back().values[5], 1);
    EXPECT_TRUE(std::filesystem::exists(folder + "/curves.png"));
}

TEST(RunLog, ColumnsAreFoundByName) {
    const std::filesystem::path path = mirra::test::scratch() + "log.csv";
    std::ofstream(path) << "step,old,loss,rate\n10,7,0.5,0.1\n20,8,0.25,\n30,9,0.1,0.1\n";
    const RunLog log(path, {"rate", "accuracy", "loss"}, 20);
    ASSERT_EQ(log.rows().size(), 2u);
    EXPECT_EQ(log.rows()[0].values[0], 0.1);
    EXPECT_TRUE(std::isnan(log.rows()[0].values[1])) << "a column that an older trainer did not have";
    EXPECT_EQ(log.rows()[0].values[2], 0.5);
    EXPECT_TRUE(std::isnan(log.rows()[1].values[0]));
    EXPECT_EQ(log.rows()[1].values[2], 0.25);
}

TEST(Training, CtrlCSavesAndTheResumedRunIsTheSameBitForBit) {
    const auto whole = command_for("whole");
    ASSERT_EQ(train_denoiser(whole), 0);
    auto broken = command_for("broken");
    broken.data = whole.data;
    test::InterruptingTask interrupted(denoiser_task(broken), 20);
    EXPECT_EQ(run_training(interrupted, {.folder = broken.output.string() + ".run"}), RunResult::interrupted);
    EXPECT_FALSE(std::filesystem::exists(broken.output));
    ASSERT_EQ(train_denoiser(broken), 0);
    EXPECT_EQ(weights_of(broken.output), weights_of(whole.output));
}

TEST(Training, CtrlCInTheLastStepIsThereForWhatFollows) {
    const auto command = command_for("late");
    auto task = denoiser_task(command);
    const auto last = task->steps() - 1;
    test::InterruptingTask late(std::move(task), last);
    EXPECT_EQ(run_training(late, {.folder = command.output.string() + ".run"}), RunResult::finished);
    {
        const InterruptGuard guard;
        EXPECT_TRUE(interrupted());
    }
    const InterruptGuard guard;
    EXPECT_FALSE(interrupted()) << "it was told of";
}

TEST(Training, ItsRecordMakesTheSameRun) {
    auto command = command_for("record");
    command.overrides = {{"optimizer.steps", "2"}};
    ASSERT_EQ(train_denoiser(command), 0);
    const auto record = test::record_that_makes_the_run(command, add_denoiser_command);
    EXPECT_EQ(record.data, std::vector{command.data.front().string()});
    EXPECT_EQ(record.pictures, 3);
    EXPECT_EQ(record.validation_pictures, 1);
    EXPECT_THAT(record.command, HasSubstr("mirra-train denoiser --data"));
    EXPECT_EQ(record.seed, 3U);
}

TEST(Training, AFinishedRunIsLeftAlone) {
    auto command = command_for("finished");
    command.overrides["optimizer.steps"] = "2";
    ASSERT_EQ(train_denoiser(command), 0);
    const auto written = std::filesystem::last_write_time(command.output);
    ASSERT_EQ(train_denoiser(command), 0);
    EXPECT_EQ(std::filesystem::last_write_time(command.output), written);
}

std::filesystem::path random_encoder() {
    const std::filesystem::path path = mirra::test::scratch() + "encoder.mirra";
    torch::manual_seed(8);
    const GraphModule network(graph::alexnet_encoder(graph::InputTransform::scale_pm1), {});
    bundle::Manifest manifest;
    manifest.graphs.emplace("encoder", network.graph());
    bundle::write_bundle(path, manifest, network.weights(), bundle::DType::f16);
    return path;
}

constexpr const char *kPaperRecipe = R"(
[network]
architecture = "alexnet-denoiser"
input_transform = "scale_pm1"
spectral_norm = ["generator."]
frozen = ["encoder."]
[data]
crop = 64
batch = 2
[loss]
feature_weight = 0.1
[optimizer]
steps = 2
[validation]
pictures = 1
[training]
precision = "fp32"
)";

TEST(Training, AFrozenEncoderIsTakenFromItsBundleAndComparesFeatures) {
    auto command = command_for("frozen", kPaperRecipe);
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { train_denoiser(command); }),
                HasSubstr("--encoder"))
        << "frozen weights came from nowhere";
    command.encoder = random_encoder();
    ASSERT_EQ(train_denoiser(command), 0);
    const auto encoder = weights_of(*command.encoder), trained = weights_of(command.output);
    for (const auto &[name, values] : encoder) EXPECT_EQ(trained.at(name), values) << name;
}

TEST(Training, ACheckpointOfAnotherRecipeIsRefused) {
    auto command = command_for("refused");
    command.overrides["optimizer.steps"] = "2";
    ASSERT_EQ(train_denoiser(command), 0);
    command.overrides["training.seed"] = "99";
    EXPECT_THAT(refusal(ErrorCode::mismatch, [&] { train_denoiser(command); }), HasSubstr("--restart"));
    command.restart = true;
    EXPECT_EQ(train_denoiser(command), 0);
}

TEST(Training, AnUnwritableOutputFailsBeforeTheFirstStep) {
    auto command = command_for("unwritable");
    command.output = command.output.parent_path() / "missing" / "x.mirra";
    EXPECT_THAT(refusal(ErrorCode::not_found, [&] { train_denoiser(command); }), HasSubstr("missing"));
}

TEST(Training, AFolderThatNothingCameIntoDoesNotStay) {
    auto command = command_for("no-run");
    command.folder = command.output.string() + ".deep/run";
    const auto task = denoiser_task(command);
    struct Unstartable final : test::WrappedTask {
        using WrappedTask::WrappedTask;
        void start(std::int64_t) override { throw test::Died(); }
    } unstartable(*task);
    EXPECT_THROW(run_training(unstartable, {.folder = run_folder(command)}), test::Died);
    EXPECT_FALSE(std::filesystem::exists(command.output.string() + ".deep"));
}

TEST(Training, CurvesThatCannotBeDrawnDoNotEndIt) {
    const auto command = command_for("no-curves");
    std::filesystem::create_directories(run_folder(command) / "curves.png");
    ASSERT_EQ(train_denoiser(command), 0);
    EXPECT_TRUE(std::filesystem::exists(command.output));
}

TEST(Training, ABundlesFileMayHaveANameThatIsNoText) {
    auto command = command_for("no-text");
    command.output = command.output.parent_path() / "caf\xe9.mirra";
    ASSERT_EQ(train_denoiser(command), 0);
    EXPECT_EQ(bundle::Bundle::open(command.output)->manifest().name, "caf\\xe9");
}

TEST(GraphModule, FrozenStatisticsServeTheTrainingAsTheyServeTheFinishedNetwork) {
    graph::Builder builder("normalised");
    auto x = builder.conv2d(builder.input("image", 3), {.in = 3, .out = 4}, "conv");
    builder.output("image", builder.batch_norm(x, 4, "norm"));
    GraphModule network(builder.finish(), {});
    const auto run = [&] {
        return network.forward({{"image", torch::linspace(0, 1, 96).view({2, 3, 4, 4})}}).at("image");
    };
    network.train();
    const auto by_batch = run();
    const auto mean = network.state().at("norm.running_mean").clone();
    network.freeze_statistics(true);
    const auto frozen = run();
    EXPECT_TRUE(torch::equal(network.state().at("norm.running_mean"), mean));
    frozen.sum().backward();
    EXPECT_GT(network.state().at("norm.weight").grad().abs().sum().item<float>(), 0)
        << "which are trained on";
    network.eval();
    EXPECT_TRUE(torch::equal(frozen, run()));
    EXPECT_FALSE(torch::allclose(frozen, by_batch));
    network.train();
    network.freeze_statistics(false);
    static_cast<void>(run());
    EXPECT_FALSE(torch::equal(network.state().at("norm.running_mean"), mean));
}

TEST(GraphModule, SpectralNormBoundsTheWeightAndIsFolded) {
    graph::Builder b("sn");
    const auto x = b.input("x", 4);
    b.output("y", b.conv_transpose2d(b.conv2d(x, {.in = 4, .out = 6}, "a"),
                                     {.in = 6, .out = 5, .kernel = 4, .stride = 2}, "b"));
    torch::manual_seed(1);
    GraphModule module(b.finish(), {.spectral_norm = {"a.", "b."}, .zero_init = {}});
    module.train();
    for (int i = 0; i < 50; ++i) module.forward({{"x", torch::rand({1, 4, 8, 8})}});
    module.eval();
    const auto weights = module.weights();
    const auto largest = [](torch::Tensor matrix) { return at::linalg_svdvals(matrix).max().item<double>(); };
    const auto tensor = [&](const std::string &name) {
        return torch::tensor(weights.at(name).values).view(weights.at(name).shape);
    };
    EXPECT_NEAR(largest(tensor("a.weight").flatten(1)), 1, 1e-3);
    EXPECT_NEAR(largest(tensor("b.weight").permute({1, 0, 2, 3}).flatten(1)), 1, 1e-3);
}

TEST(Checkpoint, DamageIsAnError) {
    const std::filesystem::path path = mirra::test::scratch() + "mirra-checkpoint.safetensors";
    const std::map<std::string, torch::Tensor> state{{"w", torch::rand({3, 2})}};
    save_checkpoint(path, state, {5, "f"}, "optimizer.rate");
    const auto copy = state.at("w").clone();
    state.at("w").zero_();
    ASSERT_EQ(load_checkpoint(path, state, "f")->step, 5);
    EXPECT_TRUE(torch::equal(copy, state.at("w")));
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 3);
    refusal(ErrorCode::corrupt, [&] { load_checkpoint(path, state, "f"); });
    const std::vector<float> values(6);
    for (const char *step : {"", "-5", "5 steps", "+-5", "1e3", "99999999999999999999"}) {
        bundle::write_tensors(path, {{"w", {bundle::DType::f32, {3, 2}, std::as_bytes(std::span(values))}}},
                              {{"mirra.step", step}, {"mirra.fingerprint", "f"}});
        EXPECT_THAT(refusal(ErrorCode::corrupt, [&] { load_checkpoint(path, state, "f"); }),
                    HasSubstr("no step count"))
            << step;
    }
}

TEST(Checkpoint, ValuesThatAreNotFiniteAreRefusedInBothDirections) {
    const std::filesystem::path path = mirra::test::scratch() + "not-finite.safetensors";
    const std::map<std::string, torch::Tensor> state{{"w", torch::rand({3})}};
    save_checkpoint(path, state, {5, "f"}, "optimizer.rate");
    for (const float value : {NAN, INFINITY, -INFINITY}) {
        state.at("w")[1] = value;
        refusal(ErrorCode::internal, [&] { save_checkpoint(path, state, {6, "f"}, "optimizer.rate"); });
    }
    EXPECT_EQ(load_checkpoint(path, state, "f")->step, 5);
    const std::vector<float> damaged{0, NAN, 0};
    bundle::write_tensors(path, {{"w", {bundle::DType::f32, {3}, std::as_bytes(std::span(damaged))}}},
                          {{"mirra.step", "5"}, {"mirra.fingerprint", "f"}});
    try {
        load_checkpoint(path, state, "f");
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::corrupt);
        EXPECT_EQ(error.subject(), path.string());
        EXPECT_THAT(error.what(), HasSubstr("'w'"));
        EXPECT_THAT(error.hint(), HasSubstr("--restart"));
    }
}

} // namespace
