// Training of encoders: learns, resists its attack, resumes bit for bit; labelled data and its errors.
#include "core/device.hpp"
#include "core/frozen_network.hpp"
#include "core/provenance.hpp"
#include "core/run_folder.hpp"
#include "core/training_run.hpp"
#include "data/loaders.hpp"
#include "data/picture_store.hpp"
#include "eval/classifier.hpp"
#include "eval/evaluation.hpp"
#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "mirra/provenance.hpp"
#include "runtime/torch/few_channels.hpp"
#include "scratch.hpp"
#include "tasks/encoder.hpp"
#include "throws.hpp"
#include "trainer_support.hpp"
#include "wrapped_task.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>
#include <future>

#include <sys/resource.h>

namespace {

using namespace mirra;
using namespace mirra::trainer;
namespace fs = std::filesystem;
using mirra::test::make_classes;
using mirra::test::refusal;
using mirra::test::weights_of;
using testing::HasSubstr;

constexpr const char *kRecipe = R"(
[network]
architecture = "resnet18"
width = 0.125
[data]
extent = 32
batch = 8
crop = "pad"
padding = 2
[adversary]
kind = "pgd"
epsilon = 0.5
steps = 2
[loss]
label_smoothing = 0.05
[optimizer]
epochs = 2
rate = 0.05
average_decay = 0.9
[validation]
pictures = 8
steps = 2
[training]
precision = "fp32"
seed = 5
)";

EncoderCommand command_for(const std::string &name) {
    return mirra::test::encoder_command("run-" + name, kRecipe, make_classes("classes", 24));
}

int train_until(const EncoderCommand &command, std::int64_t last) {
    const auto task = encoder_task(command);
    mirra::test::DyingTask dying(*task, last);
    return exit_status(run_training(
        dying,
        {.folder = command.output.string() + ".run", .checkpoint_every = 3, .checkpoint_interval = {}}));
}

TEST(EncoderTraining, LearnsAndWritesBothGraphs) {
    auto command = command_for("learns");
    command.overrides["optimizer.epochs"] =
        "10"; // until the averages of weights and batch statistics have caught up
    ASSERT_EQ(train_encoder(command), 0);
    const auto bundle = bundle::Bundle::open(command.output);
    EXPECT_TRUE(bundle->manifest().graphs.contains("encoder"));
    EXPECT_TRUE(bundle->manifest().graphs.contains("classifier"));
    const RunLog log(command.output.string() + ".run/log.csv", {"validation_robust"}, 1000);
    ASSERT_FALSE(log.rows().empty());
    EXPECT_GE(log.rows().back().values.front(), 0.9);
}

TEST(EncoderTraining, AKilledRunEndsWithTheSameWeights) {
    const auto whole = command_for("whole"), killed = command_for("killed");
    ASSERT_EQ(train_encoder(whole), 0);
    EXPECT_THROW(train_until(killed, 7), mirra::test::Died);
    EXPECT_FALSE(fs::exists(killed.output));
    ASSERT_EQ(train_encoder(killed), 0);
    EXPECT_EQ(weights_of(killed.output), weights_of(whole.output));
}

TEST(EncoderTraining, StartsFromABundleAndRefusesAnother) {
    auto first = command_for("first"), second = command_for("second");
    ASSERT_EQ(train_encoder(first), 0);
    second.init = first.output;
    second.overrides["optimizer.epochs"] = "1";
    const auto task = encoder_task(second);
    const auto state = task->state();
    for (const auto &[name, values] : weights_of(first.output)) {
        const auto tensor = state.at(name).contiguous();
        ASSERT_EQ(tensor.numel(), static_cast<std::int64_t>(values.size())) << name;
        EXPECT_TRUE(std::equal(values.begin(), values.end(), tensor.const_data_ptr<float>())) << name;
    }
    EXPECT_NE(task->fingerprint(), encoder_task(first)->fingerprint());
    ASSERT_EQ(train_encoder(second), 0);
    EXPECT_NE(bundle::Bundle::open(second.output)
                  ->manifest()
                  .provenance.find(bundle::Bundle::open(first.output)->sha256()),
              std::string::npos)
        << "the bundle does not say what it started from";
    const auto refused = [](const EncoderCommand &command, const std::string &why) {
        try {
            encoder_task(command);
            ADD_FAILURE() << "a bundle was taken whose " << why;
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), ErrorCode::mismatch);
            EXPECT_NE(std::string(error.what()).find(why), std::string::npos) << error.what();
            EXPECT_NE(error.subject().find("encoder.mirra"), std::string::npos) << error.subject();
        }
    };
    auto wider = second, raw = second, renamed = second;
    wider.overrides["network.width"] = "0.25";
    refused(wider, "another network");
    raw.recipe = raw.output.parent_path() / "raw.toml";
    std::string recipe = kRecipe;
    recipe.replace(recipe.find("width = 0.125"), 13, "width = 0.125\ninput_transform = \"none\"");
    std::ofstream(raw.recipe) << recipe;
    refused(raw, "another network");
    renamed.data = renamed.validation = {make_classes("renamed", 24, {"crimson", "azure"}).string()};
    refused(renamed, "classes");
}

/// The state after a training in two processes, here threads, of the process of each rank.
std::vector<std::map<std::string, torch::Tensor>> trained_by_two(const EncoderCommand &command) {
    const auto port = mirra::test::free_port();
    const auto train = [&](int rank) {
        const ProcessEnvironment environment{.rank = rank,
                                             .world = 2,
                                             .local_rank = rank,
                                             .local_world = 2,
                                             .address = "127.0.0.1",
                                             .port = port,
                                             .timeout = std::chrono::seconds(60)};
        const auto task = encoder_task(command, environment);
        EXPECT_EQ(run_training(*task, {.folder = run_folder(command)}), RunResult::finished);
        return task->state();
    };
    auto second = std::async(std::launch::async, train, 1);
    auto first = train(0);
    return {std::move(first), second.get()};
}

TEST(EncoderTraining, EveryRoundIsRememberedWithItsEpochs) {
    auto first = command_for("round1"), second = command_for("round2"), third = command_for("round3");
    ASSERT_EQ(train_encoder(first), 0);
    second.init = first.output;
    second.overrides = {{"adversary.epsilon", "0.75"}, {"optimizer.epochs", "1"}};
    ASSERT_EQ(train_encoder(second), 0);
    third.init = second.output;
    third.overrides = {{"adversary.kind", "none"}, {"optimizer.epochs", "1"}};
    ASSERT_EQ(train_encoder(third), 0);

    const auto provenance = bundle::parse_provenance(bundle::Bundle::open(third.output)->manifest());
    EXPECT_EQ(provenance.epochs, 1);
    EXPECT_EQ(provenance.adversary, (bundle::Adversary{"l2", 0}));
    ASSERT_EQ(provenance.rounds.size(), 2U);
    EXPECT_EQ(provenance.rounds[0].sha256, bundle::Bundle::open(first.output)->sha256());
    EXPECT_EQ(provenance.rounds[0].epochs, 2);
    EXPECT_EQ(provenance.rounds[0].adversary, (bundle::Adversary{"l2", 0.5}));
    EXPECT_EQ(provenance.rounds[1].sha256, provenance.initial_weights);
    EXPECT_EQ(provenance.rounds[1].adversary, (bundle::Adversary{"l2", 0.75}));
    const auto record = read_run_record(run_folder(third));
    EXPECT_EQ(record->epochs, 1);
    EXPECT_EQ(record->epochs_before, 3);
    EXPECT_EQ(read_run_record(run_folder(first))->epochs_before, 0);
}

TEST(EncoderTraining, RoundsOfOlderTrainersAreKnownAsFarAsTheySay) {
    const auto shipped = [](const char *name) {
        return rounds_before(*bundle::Bundle::open(std::string(MIRRA_TEST_SOURCE "/bundles/") + name));
    };
    const auto rounds = shipped("encoder-resnet18-l2-1.0.mirra");
    ASSERT_EQ(rounds.size(), 2U) << "it names the bundle that it started from, no more";
    EXPECT_FALSE(rounds[0].epochs);
    EXPECT_EQ(rounds[1].epochs, 1) << "from the text of its recipe";
    EXPECT_EQ(rounds[1].adversary, (bundle::Adversary{"l2", 1}));
    EXPECT_FALSE(epochs_of(rounds));
    EXPECT_EQ(adversary_of(
                  bundle::Bundle::open(MIRRA_TEST_SOURCE "/bundles/encoder-alexnet-std.mirra")->manifest()),
              (bundle::Adversary{"l2", 0}));
    EXPECT_FALSE(adversary_of({})) << "nothing is said";
}

TEST(EncoderTraining, AnOldRecipeThatCannotBeReadIsAWarningAndNoMore) {
    auto command = command_for("old-recipe");
    command.overrides = {{"optimizer.epochs", "1"}};
    ASSERT_EQ(train_encoder(command), 0);
    const auto trained = bundle::Bundle::open(command.output);
    bundle::Weights weights;
    for (const auto &[name, tensor] : trained->file().tensors()) {
        const auto values = trained->weight(name);
        weights[name] = {tensor.shape, {values.begin(), values.end()}};
    }
    for (const char *text : {"no = = recipe", "[adversary]\nnorm = \"l3\"", "[adversary]\nepsilon = \"much\"",
                             "[optimizer]\nepochs = 0"}) {
        auto manifest = trained->manifest();
        auto provenance = bundle::parse_provenance(manifest);
        provenance.adversary.reset();
        provenance.epochs.reset();
        provenance.recipe_text = text;
        manifest.provenance = bundle::to_json(provenance);
        auto next = command_for("old-recipe-next");
        next.init = command.output.parent_path() / "old.mirra";
        next.overrides = command.overrides;
        bundle::write_bundle(next.init, manifest, weights, bundle::DType::f16);
        testing::internal::CaptureStderr();
        const auto old = bundle::Bundle::open(next.init);
        EXPECT_FALSE(encoder_record(*old, "old").adversary) << text;
        const std::string said = "how encoder was trained is not known: ";
        EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr(said)) << text;
        testing::internal::CaptureStderr();
        ASSERT_EQ(train_encoder(next), 0) << text;
        const auto log = testing::internal::GetCapturedStderr();
        EXPECT_NE(log.find(said), std::string::npos) << text;
        EXPECT_EQ(log.find(said), log.rfind(said)) << "once";
        const auto rounds = bundle::parse_provenance(bundle::Bundle::open(next.output)->manifest()).rounds;
        ASSERT_EQ(rounds.size(), 1U);
        EXPECT_FALSE(rounds[0].epochs);
        EXPECT_FALSE(rounds[0].adversary);
    }
}

TEST(EncoderTraining, ABatchOfMorePicturesThanThereAreIsAllOfThem) {
    auto command = command_for("small-data");
    command.overrides = {{"data.batch", "128"}, {"adversary.kind", "none"}, {"optimizer.epochs", "1"}};
    testing::internal::CaptureStderr();
    ASSERT_EQ(train_encoder(command), 0);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                HasSubstr("a batch of 128 is more than the 48 pictures: it becomes one of 48"));
    EXPECT_EQ(bundle::parse_provenance(bundle::Bundle::open(command.output)->manifest()).batch, 48);
}

TEST(EncoderTraining, TwoProcessesShareTheirRunningStatistics) {
    auto start = command_for("statistics-start"), whole = command_for("statistics-whole"),
         shared = command_for("statistics-shared");
    // Ranks that are threads share the generator that random weights come from, so all start from these.
    ASSERT_EQ(train_encoder(start), 0);
    whole.init = shared.init = start.output;
    std::string recipe = kRecipe;
    recipe.replace(recipe.find("rate = 0.05"), 11, "rate = 1e-4");
    for (auto *command : {&whole, &shared}) {
        std::ofstream(command->recipe) << recipe;
        command->overrides["adversary.kind"] = "none";
        command->overrides["optimizer.epochs"] = "1";
    }
    const auto task = encoder_task(whole);
    ASSERT_EQ(run_training(*task, {.folder = run_folder(whole)}), RunResult::finished);
    const auto expected = task->state();
    const auto states = trained_by_two(shared);
    int statistics = 0;
    for (const auto &[name, tensor] : expected) {
        EXPECT_TRUE(torch::equal(states[0].at(name), states[1].at(name))) << name;
        if (!name.ends_with("running_mean") && !name.ends_with("running_var")) continue;
        // What the first one sees is no batch's doing; the others see pictures normalised four by four.
        const bool first = name.ends_with("encoder.bn1.running_mean");
        const auto apart = (states[0].at(name) - tensor).norm() / tensor.norm();
        EXPECT_LT(apart.item<double>(), first ? 1e-2 : 0.5) << name;
        ++statistics;
    }
    EXPECT_GT(statistics, 30);
    EXPECT_TRUE(expected.contains("encoder.bn1.running_mean"));
    EXPECT_NE(bundle::Bundle::open(shared.output)->manifest().provenance.find("\"processes\":2"),
              std::string::npos);
}

TEST(EncoderTraining, GairatWeighsFromItsEpochOn) {
    auto plain = command_for("plain"), later = command_for("later"), weighing = command_for("weighing");
    later.overrides["adversary.kind"] = weighing.overrides["adversary.kind"] = "gairat";
    later.recipe = later.output.parent_path() / "later.toml";
    std::string recipe = kRecipe;
    recipe.replace(recipe.find("steps = 2"), 9, "steps = 2\ngairat_begin_epoch = 2");
    std::ofstream(later.recipe) << recipe;
    for (const auto *command : {&plain, &later, &weighing}) ASSERT_EQ(train_encoder(*command), 0);
    EXPECT_EQ(weights_of(later.output), weights_of(plain.output));
    EXPECT_NE(weights_of(weighing.output), weights_of(plain.output));
}

TEST(EncoderTraining, ValidationTakesTheSplitThatAttacksTake) {
    auto command = command_for("splits");
    const fs::path folder = mirra::test::scratch() + "splits";
    make_classes("splits/train", 8);
    make_classes("splits/val", 3);
    command.data = command.validation = {folder.string()};
    command.overrides["adversary.kind"] = "none";
    command.overrides["optimizer.epochs"] = "1";
    ASSERT_EQ(train_encoder(command), 0);
    EXPECT_EQ(read_run_record(run_folder(command))->validation_pictures, 6);
    EXPECT_EQ(evaluation_split({folder.string()}), Split::test);
    EXPECT_EQ(evaluation_split({(folder / "val").string()}), Split::train);
    EXPECT_EQ(evaluation_split({(folder / "val").string(), folder.string()}), Split::test);
    EXPECT_EQ(evaluation_split({"cifar10:nowhere"}), Split::test);
}

TEST(EncoderTraining, ValidationPicturesThatCannotBeReadAreAnErrorBeforeTheFirstStep) {
    auto command = command_for("unreadable");
    const auto folder = make_classes("unreadable-classes", 1);
    for (const char *name : {"red", "blue"}) std::ofstream(folder / name / "0.png") << "no picture";
    command.validation = {folder.string()};
    refusal(ErrorCode::corrupt, [&] { encoder_task(command, {})->start(0); });
}

TEST(EncoderTraining, PicturesGrowOverTheEpochs) {
    auto command = command_for("grows");
    std::string recipe = kRecipe;
    recipe.replace(recipe.find("extent = 32"), 11, "extent = 32\ngrowth = [16, 24]\ngrowth_epochs = [2, 1]");
    std::ofstream(command.recipe) << recipe;
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { train_encoder(command); }),
                HasSubstr("leave no epoch"));
    command.overrides["optimizer.epochs"] = "4";
    EXPECT_EQ(train_encoder(command), 0);
    PictureSet set(command.data, Split::train, {});
    const ClassLoaderOptions options{
        .batch = 8, .extent = 32, .growth = {{2, 16}, {1, 24}}, .augmentation = {}};
    const auto steps = ClassLoader::steps_per_epoch(set.size(), options);
    for (const auto &[epoch, extent] : {std::pair{0, 16}, {1, 16}, {2, 24}, {3, 32}, {9, 32}}) {
        const auto batch = ClassLoader(set, options, epoch * steps).next();
        EXPECT_EQ(batch.extent, extent) << epoch;
        EXPECT_EQ(batch.pixels.size(), static_cast<std::size_t>(8 * extent * extent * 3)) << epoch;
    }
}

TEST(EncoderRecipe, AnL2BudgetGrowsWithThePicture) {
    EncoderRecipe recipe;
    recipe.extent = 128;
    recipe.budget = {Norm::l2, 1.5};
    EXPECT_DOUBLE_EQ(recipe.budget_at(64).epsilon, 0.75);
    recipe.budget = {Norm::linf, 0.03};
    EXPECT_DOUBLE_EQ(recipe.budget_at(64).epsilon, 0.03);
}

TEST(EncoderRecipe, AnAttackGrowsOverItsWarmUp) {
    EncoderRecipe recipe;
    EXPECT_DOUBLE_EQ(recipe.attack_strength(0, 10), 1);
    recipe.attack_warmup_epochs = 2;
    EXPECT_DOUBLE_EQ(recipe.attack_strength(0, 10), 0.05);
    EXPECT_DOUBLE_EQ(recipe.attack_strength(9, 10), 0.5);
    EXPECT_DOUBLE_EQ(recipe.attack_strength(19, 10), 1);
    EXPECT_DOUBLE_EQ(recipe.attack_strength(500, 10), 1);
}

TEST(EncoderTraining, ANetworkThatLearnsNothingIsToldAndAGrowingAttackHelps) {
    auto command = command_for("too-strong");
    command.overrides["adversary.epsilon"] = "40"; // of at most 55, the norm of a whole picture
    command.overrides["optimizer.epochs"] = "10";
    command.overrides["validation.epsilon"] = "0.5";
    testing::internal::CaptureStderr();
    ASSERT_EQ(train_encoder(command), 0);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("adversary.warmup_epochs"));
    auto growing = command_for("growing");
    growing.overrides = command.overrides;
    growing.overrides["adversary.warmup_epochs"] = "1000"; // it is never stronger than 0.4
    ASSERT_EQ(train_encoder(growing), 0);
    const RunLog log(growing.output.string() + ".run/log.csv", {"validation_clean"}, 1000);
    ASSERT_FALSE(log.rows().empty());
    EXPECT_GE(log.rows().back().values.front(), 0.9);
}

TEST(EncoderTraining, AnAdversaryWithoutABudgetIsRefused) {
    auto command = command_for("no-budget");
    command.overrides["adversary.epsilon"] = "0";
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { encoder_task(command); }), HasSubstr("--eps"));
}

/// In a scope, files cannot grow beyond `bytes`: what a full disk does to a checkpoint.
class FullDisk {
  public:
    explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit small{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
    }
    ~FullDisk() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

  private:
    void (*handler_)(int);
    rlimit before_{};
};

std::string bytes_of(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(EncoderTraining, AFullDiskLeavesTheLastCheckpoint) {
    const auto whole = command_for("whole-disk"), full = command_for("full-disk");
    ASSERT_EQ(train_encoder(whole), 0);
    EXPECT_THROW(train_until(full, 4), mirra::test::Died);
    const auto checkpoint = full.output.string() + ".run/checkpoint.safetensors";
    const auto before = bytes_of(checkpoint);
    {
        const FullDisk disk(before.size() / 2);
        try {
            train_until(full, 1000);
            ADD_FAILURE() << "the checkpoint was written";
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), ErrorCode::io);
            EXPECT_NE(error.subject().find("checkpoint"), std::string::npos) << error.subject();
        }
    }
    EXPECT_EQ(bytes_of(checkpoint), before);
    ASSERT_EQ(train_encoder(full), 0);
    EXPECT_EQ(weights_of(full.output), weights_of(whole.output));
}

TEST(EncoderTraining, EveryAdversaryTrains) {
    for (const auto *adversary : {"none", "fgsm-rs", "gairat"}) {
        auto command = command_for(adversary);
        command.overrides["adversary.kind"] = adversary;
        command.overrides["optimizer.epochs"] = "1";
        EXPECT_EQ(train_encoder(command), 0) << adversary;
    }
}

TEST(EncoderTraining, AnotherArchitectureOnResumeIsRefused) {
    auto command = command_for("other");
    EXPECT_THROW(train_until(command, 4), mirra::test::Died);
    const auto checkpoint = command.output.string() + ".run/checkpoint.safetensors";
    const auto before = bytes_of(checkpoint);
    command.overrides["network.architecture"] = "wrn-28-10";
    try {
        train_encoder(command);
        ADD_FAILURE() << "it went on";
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::mismatch);
        EXPECT_NE(error.hint().find("--restart"), std::string::npos);
    }
    EXPECT_EQ(bytes_of(checkpoint), before);
}

TEST(EncoderTraining, PicturesThatTheNetworkDoesNotTakeAreRefusedByTheirKey) {
    auto command = command_for("small-pictures");
    command.overrides["network.architecture"] = "alexnet";
    auto said = refusal(ErrorCode::invalid_argument, [&] { encoder_task(command); });
    EXPECT_THAT(said, HasSubstr("does not take pictures of 32 pixels"));
    EXPECT_THAT(said, HasSubstr("(data.extent). use multiples of 32, at least 64"));
    command.overrides["data.extent"] = "64";
    command.overrides["data.growth"] = "32";
    command.overrides["data.growth_epochs"] = "1";
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { encoder_task(command); }),
                HasSubstr("(data.growth)"));
    auto wide = command_for("no-width");
    wide.overrides["network.hidden"] = "0";
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { encoder_task(wide); }),
                HasSubstr("network.hidden"));
    auto lone = command_for("one-picture");
    lone.overrides = {{"data.batch", "1"}, {"data.extent", "8"}};
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { encoder_task(lone); }), HasSubstr("(data.batch)"));
}

TEST(EncoderTraining, ADivergedRunSaysSoAndKeepsItsCheckpoint) {
    auto command = command_for("diverges");
    std::string recipe = kRecipe;
    recipe.replace(recipe.find("rate = 0.05"), 11, "rate = 90.0");
    recipe.replace(recipe.find("label_smoothing = 0.05"), 22, "label_smoothing = 0.0 ");
    std::ofstream(command.recipe) << recipe;
    command.overrides["adversary.kind"] = "none";
    command.overrides["optimizer.epochs"] = "60";
    try {
        train_until(command, 1000);
        ADD_FAILURE() << "it did not diverge";
    } catch (const Error &error) {
        EXPECT_NE(std::string(error.what()).find("not finite"), std::string::npos);
    }
    const auto checkpoint = bundle::TensorFile::open(command.output.string() + ".run/checkpoint.safetensors");
    for (const auto &[name, tensor] : checkpoint->tensors())
        for (const float value : bundle::to_float(tensor)) ASSERT_TRUE(std::isfinite(value)) << name;
}

TEST(ClassData, FoldersAreClassesAndBrokenPicturesAreSkipped) {
    const auto folder = make_classes("broken-classes", 4);
    std::ofstream(folder / "red" / "0.png") << "no picture";
    PictureSet set({folder.string()}, Split::train, {.side = 0, .cache_bytes = 1 << 20});
    EXPECT_EQ(set.classes(), (std::vector<std::string>{"blue", "red"}));
    ASSERT_EQ(set.size(), 8);
    EXPECT_EQ(set.get(0).label, 0);
    EXPECT_EQ(set.get(4).label, 1);
    const std::vector<std::int64_t> wanted{3, 4, 5};
    EXPECT_EQ(evaluation_batch(set, wanted, 16).labels, (std::vector<std::int64_t>{0, 1}))
        << "an evaluation counts no picture twice";
    ASSERT_EQ(set.skipped().size(), 1u);
    EXPECT_NE(set.skipped()[0].find("0.png"), std::string::npos);
}

TEST(ClassData, BadFoldersAreNamed) {
    const auto open = [](const fs::path &folder) {
        PictureSet set({folder.string()}, Split::train, {});
        return set.size();
    };
    EXPECT_THAT([&] { static_cast<void>(open(mirra::test::scratch() + "no-such")); },
                mirra::test::throws_error(ErrorCode::not_found, "cannot read the data folder"));
    const auto folder = make_classes("empty-class", 2);
    fs::create_directories(folder / "green");
    try {
        open(folder);
        ADD_FAILURE();
    } catch (const Error &error) {
        EXPECT_NE(error.subject().find("green"), std::string::npos);
    }
    EXPECT_THAT([&] { static_cast<void>(PictureSet({"cifar10:" + folder.string()}, Split::train, {})); },
                mirra::test::throws_error(ErrorCode::not_found, "no CIFAR-10 here"));
}

TEST(ClassData, ARunFolderIsNoClass) {
    const auto folder = make_classes("with-runs", 2);
    fs::create_directories(folder / "x.mirra.run");
    fs::create_directories(folder / "another");
    std::ofstream(folder / "another" / "run.json") << "{}";
    EXPECT_EQ(PictureSet({folder.string()}, Split::train, {}).classes(),
              (std::vector<std::string>{"blue", "red"}));
}

TEST(ClassifierBundle, WhatItSaysOfItsTrainingIsNotTrusted) {
    const auto graph =
        graph::classifier({.architecture = "resnet18", .width = 1.0 / 64, .classes = 2}).classifier;
    const GraphModule network(graph, {});
    const fs::path path = mirra::test::scratch() + "hostile.mirra";
    const auto open = [&](const std::string &provenance) {
        bundle::Manifest manifest;
        manifest.graphs.emplace("classifier", graph);
        manifest.provenance = provenance;
        bundle::write_bundle(path, manifest, network.weights(), bundle::DType::f16);
        return ClassifierBundle(bundle::Bundle::open(path), torch::kCPU, path).extent();
    };
    EXPECT_EQ(open("{}"), 0);
    EXPECT_EQ(open(R"({"extent": 32, "classes": ["a", "b"]})"), 32);
    for (const auto *hostile :
         {R"({"extent": "32"})", R"({"extent": 7})", R"({"extent": 4097})", R"({"extent": -1})",
          R"({"extent": 32.5})", R"({"extent": 18446744073709551615})", R"({"classes": "ab"})",
          R"({"classes": ["a", 2]})", R"({"classes": ["a", "b", "c"]})"}) {
        try {
            open(hostile);
            ADD_FAILURE() << hostile;
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), ErrorCode::corrupt) << hostile;
            EXPECT_EQ(error.subject(), path.string());
        }
    }
}

TEST(Device, OnlyProcessorsAndCudaAreTaken) {
    EXPECT_TRUE(select_device("cpu").is_cpu());
    for (const auto *name : {"meta", "xla:0", "mps", "gpu", "", "cuda:x"}) {
        try {
            select_device(name);
            ADD_FAILURE() << name;
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << name;
        }
    }
    // Whatever the machine lacks, it is said as `mirra devices` says it.
    std::string reason = "there is no GPU 99";
    const auto engine = host_engine();
    for (const auto &device : engine->devices())
        if (device.id.starts_with("cuda") && !device.reason.empty()) reason = device.reason;
    EXPECT_THAT(refusal(ErrorCode::device, [] { select_device("cuda:99"); }), HasSubstr(reason));
}

TEST(ClassData, ReadsCifarBatches) {
    const fs::path folder = mirra::test::scratch() + "cifar";
    fs::create_directories(folder);
    for (const auto *name :
         {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"}) {
        std::ofstream file(folder / (std::string(name) + ".bin"), std::ios::binary);
        for (int record = 0; record < 3; ++record) {
            file.put(static_cast<char>(record + 4));
            for (int i = 0; i < 3072; ++i) file.put(static_cast<char>(i / 1024 * 10 + record));
        }
    }
    PictureSet set({"cifar10:" + folder.string()}, Split::train, {});
    ASSERT_EQ(set.size(), 15);
    const auto [picture, label, index] = set.get(1);
    EXPECT_EQ(label, 5);
    EXPECT_EQ(index, 1);
    const auto bytes = picture->bytes();
    EXPECT_EQ(std::to_integer<int>(bytes[0]), 1);
    EXPECT_EQ(std::to_integer<int>(bytes[1]), 11);
    EXPECT_EQ(std::to_integer<int>(bytes[2]), 21);
    std::ofstream(folder / "test_batch.bin", std::ios::app) << "x";
    EXPECT_THAT([&] { static_cast<void>(PictureSet({"cifar10:" + folder.string()}, Split::test, {})); },
                mirra::test::throws_error(ErrorCode::corrupt, "its size is no multiple of 3073 bytes"));
}

TEST(ClassData, ProcessesShareABatch) {
    const auto folder = make_classes("shared", 8);
    PictureSet set({folder.string()}, Split::train, {});
    ClassLoaderOptions one{.batch = 8, .extent = 16, .augmentation = {}, .seed = 3};
    ClassLoader whole(set, one, 1);
    const auto all = whole.next();
    std::vector<std::uint8_t> pixels;
    std::vector<std::int64_t> labels;
    for (const std::int64_t rank : {0, 1}) {
        auto half = one;
        half.batch = 4;
        half.rank = rank;
        half.world = 2;
        ClassLoader loader(set, half, 1);
        const auto part = loader.next();
        pixels.insert(pixels.end(), part.pixels.begin(), part.pixels.end());
        labels.insert(labels.end(), part.labels.begin(), part.labels.end());
    }
    EXPECT_EQ(pixels, all.pixels);
    EXPECT_EQ(labels, all.labels);
}

TEST(BlockConvolution, EqualsTheStridedOne) {
    torch::manual_seed(2);
    struct Case {
        std::int64_t kernel, stride, padding, height, width;
    };
    for (const auto &[kernel, stride, padding, height, width] :
         {Case{11, 4, 2, 64, 97}, Case{7, 4, 1, 60, 61}, Case{3, 2, 1, 33, 32}, Case{2, 2, 0, 9, 8}}) {
        const auto weight = torch::randn({5, 3, kernel, kernel}), bias = torch::randn({5});
        auto input = torch::rand({2, 3, height, width}).requires_grad_();
        const auto expected = at::conv2d(input, weight, bias, stride, padding);
        const auto got = runtime::block_convolution(input, runtime::block_weight(weight, stride), bias,
                                                    {kernel, stride, padding});
        ASSERT_EQ(got.sizes(), expected.sizes());
        EXPECT_TRUE(torch::allclose(got, expected, 1e-4, 1e-4)) << kernel;
        const auto seed = torch::randn_like(expected);
        const auto wanted = torch::autograd::grad({expected}, {input}, {seed})[0];
        const auto gradient = torch::autograd::grad({got}, {input}, {seed})[0];
        EXPECT_TRUE(torch::allclose(gradient, wanted, 1e-4, 1e-4)) << kernel;
    }
}

TEST(FrozenNetwork, EqualsTheModuleInEvaluation) {
    for (const auto &name : graph::classifier_architectures()) {
        torch::manual_seed(4);
        const auto module = std::make_shared<GraphModule>(
            graph::classifier({.architecture = name, .width = 0.125, .hidden = {16}, .batch_norm = true})
                .classifier,
            GraphModule::Options{});
        module->train();
        for (int i = 0; i < 3; ++i) module->forward({{"image", torch::rand({4, 3, 64, 64})}});
        FrozenNetwork frozen(module, at::kFloat);
        frozen.refresh();
        auto images = torch::rand({2, 3, 64, 64}).requires_grad_();
        const auto expected = module->forward({{"image", images}}).at("logits");
        const auto wanted = torch::autograd::grad({expected.sum()}, {images})[0];
        const auto logits = frozen.forward(images);
        const auto gradient = torch::autograd::grad({logits.sum()}, {images})[0];
        EXPECT_TRUE(torch::allclose(logits, expected, 1e-3, 1e-4)) << name;
        EXPECT_TRUE(torch::allclose(gradient, wanted, 1e-3, 1e-4)) << name;
    }
}

} // namespace
