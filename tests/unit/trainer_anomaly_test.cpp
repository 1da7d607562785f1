// Training of anomaly detectors: coreset, memory, calibration, the bundle, resuming, errors.
#include "core/graph_module.hpp"
#include "data/picture_store.hpp"
#include "eval/anomaly_scoring.hpp"
#include "eval/classifier.hpp"
#include "eval/evaluation.hpp"
#include "eval/statistics.hpp"
#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "tasks/anomaly.hpp"
#include "tasks/anomaly_calibration.hpp"
#include "tasks/feature_memory.hpp"
#include "trainer_record.hpp"
#include "trainer_small_encoder.hpp"
#include "trainer_support.hpp"
#include "wrapped_task.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <set>

namespace {

using namespace mirra;
using namespace mirra::trainer;
namespace fs = std::filesystem;
using Json = nlohmann::json;
using mirra::test::defaults_of;
using mirra::test::make_classes;
using mirra::test::make_pictures;
using mirra::test::scratch;
using mirra::test::weights_of;

constexpr const char *kRecipe = R"(
[data]
extent = 32
batch = 4
padding = 1
[optimizer]
steps = 6
rate = 1e-3
[segmentation]
steps = 0
[memory]
members = 40
candidates = 300
[score]
iterations = 3
[validation]
every = 3
pictures = 4
[training]
precision = "fp32"
seed = 5
)";

fs::path make_encoder() {
    return test::small_encoder("anomaly-encoder");
}

AnomalyCommand command_for(const std::string &name, const std::string &more = "") {
    auto command = test::run_command<AnomalyCommand>("anomaly-" + name, kRecipe + more, "parts.mirra");
    command.encoder = make_encoder();
    command.data = {make_pictures("anomaly", 28, 40, 36).string()};
    return command;
}

/// The first pictures of a set whose pictures have the extent.
torch::Tensor first_pictures(PictureSet &set, std::int64_t extent, std::int64_t count) {
    std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
    std::iota(indices.begin(), indices.end(), 0);
    return to_images(evaluation_batch(set, indices, extent), torch::kCPU);
}

/// The error of a training that is refused; it must come before the first step.
std::string refused(const AnomalyCommand &command) {
    try {
        const auto task = anomaly_task(command);
    } catch (const Error &error) {
        return std::string(error.what()) + " (" + error.subject() + "). " + error.hint();
    }
    return "accepted";
}

TEST(Auroc, CountsPairsAndTiesHalf) {
    const auto area = [](std::vector<double> normal, std::vector<double> anomalous) {
        return auroc(normal, anomalous);
    };
    EXPECT_EQ(area({1, 2}, {3, 4}), 1);
    EXPECT_EQ(area({3, 4}, {1, 2}), 0);
    EXPECT_EQ(area({1, 1, 1}, {1, 1}), 0.5);
    EXPECT_EQ(area({1, 3, 5}, {2, 4}), 3.0 / 6); // 2 > 1; 4 > 1, 3
    EXPECT_EQ(area({0, 1}, {1, 2}), 3.5 / 4);    // 1 > 0, 1 = 1; 2 > 0, 1
    EXPECT_TRUE(std::isnan(area({}, {1})));
}

TEST(Coreset, TakesTheFarthestPointFirst) {
    // Three tight groups: any three members are one of each.
    torch::manual_seed(1);
    std::vector<torch::Tensor> groups;
    for (const double at : {0.0, 10.0, 100.0}) groups.push_back(at + 0.1 * torch::randn({50, 8}));
    const auto chosen = coreset(torch::cat(groups), {.members = 3, .dimensions = 0});
    std::set<std::int64_t> groups_hit;
    for (const auto index : chosen) groups_hit.insert(index / 50);
    EXPECT_EQ(groups_hit.size(), 3U);
}

/// The largest distance of a point to its nearest member.
double radius(const torch::Tensor &points, const std::vector<std::int64_t> &members) {
    return std::get<0>(torch::cdist(points, points.index_select(0, torch::tensor(members))).min(1))
        .max()
        .item<double>();
}

TEST(Coreset, CoversBetterThanChanceAndTheMoreTheBetter) {
    torch::manual_seed(2);
    const auto points = torch::cat({torch::randn({990, 24}), 6 * torch::randn({10, 24})});
    const auto few = coreset(points, {.members = 20, .dimensions = 12, .seed = 7}),
               many = coreset(points, {.members = 200, .dimensions = 12, .seed = 7});
    EXPECT_EQ(std::set(few.begin(), few.end()).size(), 20U);
    EXPECT_TRUE(std::ranges::equal(few, many | std::views::take(20))) << "greedy: one grows out of the other";
    std::vector<std::int64_t> first(20);
    for (std::int64_t i = 0; i < 20; ++i) first[static_cast<std::size_t>(i)] = i;
    EXPECT_LT(radius(points, few), 0.7 * radius(points, first));
    EXPECT_LT(radius(points, many), radius(points, few));
    EXPECT_EQ(few, coreset(points, {.members = 20, .dimensions = 12, .seed = 7}));
    EXPECT_NE(few, coreset(points, {.members = 20, .dimensions = 12, .seed = 8}));
}

TEST(Coreset, OfFewOrEqualPoints) {
    EXPECT_EQ(coreset(torch::randn({3, 2}), {.members = 5}), (std::vector<std::int64_t>{0, 1, 2}));
    const auto twice = torch::tensor({0.F, 0.F, 1.F, 1.F, 0.F, 0.F, 1.F, 1.F}).view({4, 2});
    EXPECT_EQ(coreset(twice, {.members = 3}).size(), 2U) << "equal points are one";
    EXPECT_EQ(coreset(torch::full({30, 7}, 0.3F), {.members = 5}).size(), 1U) << "all of them";
    EXPECT_EQ(coreset(torch::zeros({30, 7}), {.members = 5}).size(), 1U);
}

TEST(Coreset, TheMiddleOfARingIsCoveredToo) {
    torch::manual_seed(3);
    std::vector<torch::Tensor> points;
    for (int i = 0; i < 200; ++i)
        points.push_back(10 * torch::tensor({std::cos(0.0314159 * i), std::sin(0.0314159 * i)}, at::kFloat));
    for (int i = 0; i < 100; ++i) points.push_back(0.1 * (2 * torch::rand({2}) - 1) / std::sqrt(2.0));
    const auto chosen = coreset(torch::stack(points), {.members = 20, .dimensions = 0});
    EXPECT_EQ(chosen.size(), 20U);
    EXPECT_EQ(std::ranges::count_if(chosen, [](auto index) { return index >= 200; }), 1);
    EXPECT_LT(radius(torch::stack(points), chosen), 2.5);
}

std::vector<double> log_normal(std::size_t count, double mean, double deviation, std::uint64_t seed) {
    std::vector<double> out;
    CounterRandom random(seed, 0);
    for (std::size_t i = 0; i < count; ++i) {
        const double length = std::sqrt(-2 * std::log(1 - random.uniform()));
        out.push_back(std::exp(mean + deviation * length * std::cos(6.283185307179586 * random.uniform())));
    }
    return out;
}

TEST(Calibration, TheThresholdOfManyIsTheirQuantile) {
    std::vector<double> scores;
    for (int i = 1; i <= 101; ++i) scores.push_back(i);
    EXPECT_NEAR(score_threshold(scores, 0.05), 96, 1e-9);
}

TEST(Calibration, TheThresholdOfFewIsThatOfANormalFit) {
    const std::vector<double> scores{std::exp(1.0), std::exp(2.0), std::exp(3.0)}; // mean 2, deviation 1
    EXPECT_NEAR(std::log(score_threshold(scores, 0.01)), 2 + 2.3263479, 1e-6);
    const auto many = log_normal(5000, 2, 0.5, 1), few = log_normal(60, 2, 0.5, 2);
    EXPECT_NEAR(std::log(score_threshold(many, 0.01)), std::log(score_threshold(few, 0.01)), 0.3);
    const std::vector<double> equal(12, 3.0), with_nothing{0, 1, 1, 1, 1, 1};
    EXPECT_GT(score_threshold(equal, 0.01), 3.0);
    EXPECT_LT(score_threshold(equal, 0.01), 3.1);
    EXPECT_TRUE(std::isfinite(score_threshold(with_nothing, 0.01)));
}

TEST(Calibration, AThresholdIsOneThatScoresReach) {
    const std::vector<double> scattered{0.001, 0.02, 0.1, 0.4, 0.9}, halves{0.0005, 0.01, 0.05, 0.2, 0.45},
        certain{0, 0.5, 1, 1, 1}, low{0.01, 0.02};
    EXPECT_GT(score_threshold(scattered, 0.01), 1);
    EXPECT_GT(score_threshold(scattered, 0.01, 1), 0.9);
    EXPECT_LT(score_threshold(scattered, 0.01, 1), 1);
    EXPECT_NEAR(score_threshold(halves, 0.01, 0.5), score_threshold(scattered, 0.01, 1) / 2, 1e-9);
    for (const double rate : {0.01, 0.4}) EXPECT_LT(score_threshold(certain, rate, 1), 1) << rate;
    EXPECT_LT(score_threshold(std::vector<double>(400, 1.0), 0.01, 1), 1);
    EXPECT_EQ(score_threshold(low, 0.01, 1), score_threshold(low, 0.01));
    const auto calibration = calibrate(scattered, {}, 0.01, 1);
    EXPECT_NEAR(probability_of(calibration.threshold, calibration), 0.5, 1e-9);
}

TEST(Calibration, WithoutBadPicturesTheProbabilityPassesTwoPoints) {
    const auto normal = log_normal(101, 1, 0.4, 3);
    const auto calibration = calibrate(normal, {}, 0.02);
    auto sorted = normal;
    std::ranges::sort(sorted);
    EXPECT_NEAR(probability_of(calibration.threshold, calibration), 0.5, 1e-9);
    EXPECT_NEAR(probability_of(sorted[50], calibration), 0.02, 1e-9);
}

TEST(Calibration, WithBadPicturesTheProbabilityIsThatOfARegression) {
    // Of two log-normal kinds of the same width the log-odds are (b - a) / s^2 (x - (a + b) / 2).
    const auto normal = log_normal(20000, 0, 0.5, 4), bad = log_normal(4000, 1, 0.5, 5);
    const auto calibration = calibrate(normal, bad, 0.01);
    EXPECT_NEAR(calibration.slope, 4, 0.15);
    EXPECT_NEAR(calibration.offset, -2, 0.1);
    const std::vector<double> low{1, 1.1, 1.2, 1.3}, high{9, 10, 11};
    const auto apart = calibrate(low, high, 0.01);
    EXPECT_TRUE(std::isfinite(apart.slope));
    EXPECT_LT(probability_of(1.2, apart), 0.5);
    EXPECT_GT(probability_of(10, apart), 0.6);
    EXPECT_GT(calibrate(high, low, 0.01).slope, 0) << "bad ones that score lower do not turn it round";
}

TEST(FeatureMemory, TheGraphsDistancesAreThoseToTheNearestMember) {
    const auto encoder = bundle::Bundle::open(make_encoder());
    PictureSet pictures(square_pictures(open_folders({make_pictures("memory", 12, 32, 32)}), 32), {});
    const MemoryOptions options{
        .layers = {"layer3"}, .coreset = {.members = 30}, .candidates = 400, .extent = 32};
    const auto memory = feature_memory(*encoder, pictures, options);
    ASSERT_EQ(memory.members.size(0), 30);

    BundleContents contents;
    for (const auto &[name, values] : weights_of(make_encoder()))
        contents.weights[name] = {encoder->file().tensors().at(name).shape, values};
    add_memory(encoder->graph("encoder"), {"layer3"}, memory, contents);
    const fs::path path = scratch() + "memory.mirra";
    bundle::write_bundle(path, contents.manifest, contents.weights, bundle::DType::f32);
    const auto bundle = bundle::Bundle::open(path);
    GraphModule network(bundle->graph("memory"), {});
    network.load(*bundle);
    network.eval();
    const torch::NoGradGuard no_grad;
    torch::manual_seed(5);
    const auto out = network.forward({{"image", torch::rand({2, 3, 32, 32})}});
    const auto patches = out.at("patches"), similarity = out.at("similarity");
    const auto fast = patches.square().sum(1) - 2 * std::get<0>(similarity.max(1));
    const auto places = patches.permute({0, 2, 3, 1}).reshape({-1, patches.size(1)});
    const auto differences = places.unsqueeze(1) - memory.members.unsqueeze(0);
    const auto slow = std::get<0>(differences.square().sum(2).min(1)).view_as(fast);
    EXPECT_TRUE(torch::allclose(fast, slow, 1e-3, 1e-2)) << (fast - slow).abs().max();

    // The members are normalised features of the training's own pictures.
    const auto own = first_pictures(pictures, 32, 12);
    const auto seen = network.forward({{"image", own}}).at("patches");
    EXPECT_NEAR(seen.mean().item<double>(), 0, 0.02);
    const auto all = seen.permute({0, 2, 3, 1}).reshape({-1, seen.size(1)});
    EXPECT_LT(std::get<0>(torch::cdist(memory.members, all).min(1)).max().item<double>(), 1e-2);
}

TEST(FeatureMemory, JoinsSeveralTapsAtThePlacesOfTheFinest) {
    const auto encoder =
        graph::classifier({.architecture = "resnet18", .width = 1.0 / 8, .hidden = {}}).encoder;
    const auto one = pooled_features(encoder, {"layer3"}),
               both = pooled_features(encoder, {"layer3", "layer4"});
    const auto shape = [](const graph::Graph &graph) {
        return graph::infer_shapes(graph, {{"image", {1, 3, 32, 32}}}).at(graph.outputs.front().source);
    };
    EXPECT_EQ(shape(one)[2], shape(both)[2]);
    EXPECT_EQ(shape(both)[1], shape(one)[1] + shape(pooled_features(encoder, {"layer4"}))[1]);
    const auto refused = [&](const std::vector<std::string> &layers) {
        return test::refusal(ErrorCode::invalid_argument, [&] { pooled_features(encoder, layers); });
    };
    EXPECT_NE(refused({}).find("memory.layers"), std::string::npos);
    EXPECT_NE(refused({"layer3", "layer3"}).find("named twice"), std::string::npos);
}

TEST(FeatureMemory, TakesTheSecondDeepestTapOrConv2) {
    EXPECT_EQ(memory_layer(graph::classifier({.architecture = "alexnet", .width = 0.25}).encoder), "conv2");
    EXPECT_EQ(memory_layer(graph::classifier({.architecture = "resnet18", .width = 0.25}).encoder), "layer3");
    EXPECT_EQ(memory_layer(graph::classifier({.architecture = "vgg16", .width = 0.25}).encoder), "conv4_1");
}

TEST(AnomalyTraining, MakesABundleOfTheContract) {
    const auto command = command_for("contract");
    ASSERT_EQ(train_anomaly(command), 0);
    const auto bundle = bundle::Bundle::open(command.output);
    const auto &manifest = bundle->manifest();
    EXPECT_EQ(manifest.task, "detect");
    EXPECT_EQ(manifest.name, "parts");
    EXPECT_EQ(manifest.architecture, "resnet18-layer4");
    EXPECT_EQ(bundle->file().tensors().at("memory.weight").dtype, bundle::DType::f32);
    EXPECT_EQ(bundle->graph("generator-layer4").inputs.front().name, "features");
    EXPECT_EQ(bundle->graph("autoencoder-layer4").outputs.front().name, "image");
    const auto &memory = bundle->graph("memory");
    EXPECT_EQ(memory.inputs.front().name, "image");
    ASSERT_EQ(memory.outputs.size(), 2U);
    EXPECT_EQ(memory.outputs[0].name, "patches");
    EXPECT_EQ(memory.outputs[1].name, "similarity");
    EXPECT_EQ(bundle->file().tensors().at("memory.weight").shape[0], 40);

    const auto defaults = defaults_of(command.output);
    EXPECT_EQ(defaults["layer"], "layer4");
    EXPECT_EQ(defaults["extent"], 32);
    EXPECT_TRUE(defaults["method"] == "feature-memory" || defaults["method"] == "reconstruction");
    EXPECT_EQ(defaults["false_positive_rate"], 0.01);
    EXPECT_EQ(defaults["feature_weight"], 0.02);
    EXPECT_GT(defaults["pixel_weight"], 0);
    for (const std::string method : {"latent_search", "reconstruction", "feature_memory"}) {
        EXPECT_GT(defaults[method + "_threshold"], 0) << method;
        EXPECT_GT(defaults[method + "_slope"], 0) << method;
        EXPECT_TRUE(defaults[method + "_offset"].is_number()) << method;
    }
    EXPECT_EQ(Json::parse(manifest.provenance)["calibration"]["normal"], 10);
    EXPECT_EQ(Json::parse(manifest.provenance)["pictures"], 18);
    const auto own = weights_of(command.output), encoder = weights_of(command.encoder);
    for (const auto &[name, values] : encoder)
        if (name.starts_with("encoder.")) {
            EXPECT_EQ(own.at(name), values) << name;
        }
}

TEST(AnomalyTraining, ItsRecordMakesTheSameRun) {
    auto command = command_for("record");
    command.val_good = make_pictures("record-good", 10, 40, 36);
    command.count = 20;
    ASSERT_EQ(train_anomaly(command), 0);
    const auto record = test::record_that_makes_the_run(command, add_anomaly_command);
    EXPECT_EQ(record.pictures, 20);
    EXPECT_EQ(record.validation, std::vector{command.val_good.string()});
    EXPECT_NE(record.command.find("--count 20 --val-good"), std::string::npos) << record.command;
}

TEST(AnomalyTraining, BothPartsOfTheScoreAreAlikeOnNormalPictures) {
    auto command = command_for("balance");
    command.overrides["memory.members"] = "0";
    ASSERT_EQ(train_anomaly(command), 0);
    EXPECT_FALSE(bundle::Bundle::open(command.output)->manifest().graphs.contains("memory"));
    const auto defaults = defaults_of(command.output);
    EXPECT_EQ(defaults["method"], "reconstruction");
    EXPECT_FALSE(defaults.contains("feature_memory_threshold"));
    auto settings = Recipe::load(command.recipe);
    const auto pictures = open_anomaly_pictures(command, AnomalyRecipe::read(settings));
    const auto median = [&](double pixels, double features) {
        AnomalyScorer::Options options;
        options.method = "reconstruction";
        options.pixel_weight = pixels;
        options.feature_weight = features;
        AnomalyScorer scorer(command.output, options);
        std::vector<double> scores;
        for (std::int64_t i = 0; i < pictures.normal->size(); ++i)
            scores.push_back(scorer.score(pictures.normal->original(i)));
        std::ranges::sort(scores);
        return scores[scores.size() / 2];
    };
    const double pixels = median(defaults["pixel_weight"], 1e-20), features = median(1e-20, 0.02);
    EXPECT_NEAR(pixels / features, 1, 1e-3);
}

TEST(AnomalyTraining, ARelativeWeightIsOverTheFeaturesOfGoodPictures) {
    auto command = command_for("relative");
    command.overrides = {{"memory.members", "0"}, {"score.feature", "relative"}};
    ASSERT_EQ(train_anomaly(command), 0);
    auto settings = Recipe::load(command.recipe);
    const auto pictures = open_anomaly_pictures(command, AnomalyRecipe::read(settings));
    const auto bundle = bundle::Bundle::open(command.output);
    GraphModule encoder(graph::part_of(bundle->graph("encoder"), "layer4", "features"), {});
    encoder.load(*bundle);
    encoder.eval();
    const auto features =
        encoder.forward({{"image", first_pictures(*pictures.normal, 32, 10)}}).at("features");
    const double weight = defaults_of(command.output)["feature_weight"];
    EXPECT_NEAR(weight * features.square().mean().item<double>() / 0.02, 1, 1e-4);
}

/// What hosts read for a picture of a file.
struct Verdict {
    double score, probability;
    std::string verdict;
};

Verdict judged(const fs::path &bundle, const std::string &method, const fs::path &file, int threads) {
    host::SessionOptions options;
    options.task = "detect";
    options.bundle = bundle::Bundle::open(bundle);
    options.threads = threads;
    const auto session = host::Session::create(host_engine(), options);
    session->set_text("method", method);
    auto picture = image::read(file);
    host::RunRequest request;
    request.images["image"] = picture.view();
    const auto result = session->run(request);
    return {std::get<double>(result->values.at("score")), std::get<double>(result->values.at("probability")),
            std::get<std::string>(result->values.at("verdict"))};
}

// Nothing varies, so that the least difference between what was calibrated and what is judged would show.
TEST(AnomalyTraining, OfEqualPicturesWarnsAndFindsThemNormal) {
    auto command = command_for("equal");
    const auto folder = make_pictures("anomaly-equal", 1, 101, 67);
    for (int i = 1; i < 24; ++i)
        fs::copy_file(folder / "picture0.png", folder / ("copy" + std::to_string(i) + ".png"));
    command.data = {folder.string()};
    testing::internal::CaptureStderr();
    const int status = train_anomaly(command);
    const auto text = testing::internal::GetCapturedStderr();
    ASSERT_EQ(status, 0);
    EXPECT_NE(text.find("24 normal pictures are the same"), std::string::npos) << text;
    for (const std::string method : {"reconstruction", "latent-search", "feature-memory"})
        for (const int threads : {1, 2}) {
            const auto found = judged(command.output, method, folder / "picture0.png", threads);
            EXPECT_EQ(found.verdict, "normal") << method << " " << found.score;
            EXPECT_LT(found.probability, 0.1) << method;
        }
}

TEST(AnomalyTraining, PicturesThatDifferAreNoReasonForAWarning) {
    const auto command = command_for("unlike");
    auto recipe = Recipe::load(command.recipe);
    testing::internal::CaptureStderr();
    open_anomaly_pictures(command, AnomalyRecipe::read(recipe));
    EXPECT_EQ(testing::internal::GetCapturedStderr().find("warning"), std::string::npos);
}

TEST(AnomalyTraining, TellsBadPicturesAndPrintsHowWell) {
    auto command = command_for("bad");
    const auto good = make_classes("anomaly-good", 40) / "blue";
    command.val_good = scratch() + "anomaly-val-good";
    fs::create_directories(command.val_good);
    for (int i = 28; i < 40; ++i) {
        const auto file = std::to_string(i) + ".png";
        fs::rename(good / file, command.val_good / file);
    }
    command.data = {good.string()};
    command.bad = make_pictures("anomaly-bad", 6, 32, 32);
    command.overrides["calibration.false_positive_rate"] = "0.05";
    testing::internal::CaptureStdout();
    ASSERT_EQ(train_anomaly(command), 0);
    const auto text = testing::internal::GetCapturedStdout();
    EXPECT_NE(text.find("false-positive rate of 0.05"), std::string::npos) << text;
    EXPECT_NE(text.find("AUROC"), std::string::npos);
    const auto provenance = Json::parse(bundle::Bundle::open(command.output)->manifest().provenance);
    EXPECT_EQ(provenance["pictures"], 28) << "nothing is held out of the data";
    EXPECT_EQ(provenance["calibration"]["bad"], 6);
    auto recipe = Recipe::load(command.recipe);
    const auto pictures = open_anomaly_pictures(command, AnomalyRecipe::read(recipe));
    AnomalyScorer::Options options;
    options.method = "feature-memory";
    const auto picture = first_pictures(*pictures.bad, 32, 1);
    const auto defaults = defaults_of(command.output);
    EXPECT_GT(AnomalyScorer(command.output, options).score(picture).scores.front(),
              defaults["feature_memory_threshold"].get<double>());
}

TEST(AnomalyTraining, AKilledRunEndsWithTheSameBundle) {
    const auto whole = command_for("whole");
    ASSERT_EQ(train_anomaly(whole), 0);
    const auto killed = command_for("killed");
    const RunOptions options{.folder = run_folder(killed), .checkpoint_every = 2, .checkpoint_interval = {}};
    const auto task = anomaly_task(killed);
    test::DyingTask dying(*task, 5);
    EXPECT_THROW(run_training(dying, options), test::Died);
    EXPECT_FALSE(fs::exists(killed.output));
    ASSERT_EQ(exit_status(run_training(*anomaly_task(killed), options)), 0);
    EXPECT_EQ(weights_of(whole.output), weights_of(killed.output));
    EXPECT_EQ(defaults_of(whole.output), defaults_of(killed.output));
    EXPECT_FALSE(fs::exists(run_folder(killed) / "draft.mirra"));
}

TEST(AnomalyTraining, ARunThatDiedWhileCalibratingIsCalibratedAgain) {
    const auto command = command_for("again");
    ASSERT_EQ(train_anomaly(command), 0);
    const auto before = defaults_of(command.output);
    fs::remove(command.output); // as if the process had died before it wrote the bundle
    ASSERT_EQ(train_anomaly(command), 0);
    EXPECT_EQ(defaults_of(command.output), before);
}

TEST(AnomalyTraining, AFinishedRunIsCalibratedAgainWhereTheCalibrationIsAnother) {
    auto command = command_for("recalibrated");
    command.data = {(make_classes("recalibrated", 28) / "blue").string()};
    command.val_good = make_classes("recalibrated-good", 12) / "blue";
    ASSERT_EQ(train_anomaly(command), 0);
    const auto first = defaults_of(command.output);
    const auto generator = weights_of(command.output);
    const auto written = [&] { return fs::last_write_time(command.output); };
    auto time = written();
    ASSERT_EQ(train_anomaly(command), 0);
    EXPECT_EQ(written(), time) << "nothing is another";

    command.bad = make_pictures("recalibrated-bad", 8, 32, 32);
    ASSERT_EQ(train_anomaly(command), 0);
    const auto with_bad = defaults_of(command.output);
    EXPECT_NE(with_bad["feature_memory_slope"], first["feature_memory_slope"]);
    EXPECT_EQ(with_bad["feature_memory_threshold"], first["feature_memory_threshold"]);
    const auto provenance = Json::parse(bundle::Bundle::open(command.output)->manifest().provenance);
    EXPECT_EQ(provenance["calibration"]["bad"], 8);
    EXPECT_EQ(weights_of(command.output), generator) << "nothing is trained again";

    command.overrides["memory.members"] = "30";
    command.overrides["calibration.false_positive_rate"] = "0.1";
    ASSERT_EQ(train_anomaly(command), 0);
    EXPECT_EQ(bundle::Bundle::open(command.output)->file().tensors().at("memory.weight").shape[0], 30);
    EXPECT_EQ(defaults_of(command.output)["false_positive_rate"], 0.1);
    time = written();
    ASSERT_EQ(train_anomaly(command), 0);
    EXPECT_EQ(written(), time);
    command.overrides["training.seed"] = "6";
    // The generator is another.
    test::refusal(ErrorCode::mismatch, [&] { train_anomaly(command); });
}

TEST(AnomalyTraining, OtherPicturesOfTheSameDataAreAnotherTraining) {
    auto command = command_for("which");
    const auto fingerprint = [&](const std::string &more = "") {
        std::ofstream(command.recipe) << kRecipe << more;
        return anomaly_task(command)->fingerprint();
    };
    const auto all = fingerprint();
    EXPECT_EQ(fingerprint(), all);
    EXPECT_EQ(fingerprint("[calibration]\nsearch_pictures = 11\n"), all);
    EXPECT_NE(fingerprint("[calibration]\nheld_out = 12\n"), all);
    command.val_good = make_pictures("which-good", 10, 40, 36);
    command.count = 18; // as many as without, but others
    EXPECT_NE(fingerprint(), all);
}

TEST(AnomalyTraining, OneClassOfLabelledData) {
    auto command = command_for("class");
    command.data = {make_classes("anomaly-classes", 22).string()};
    command.class_name = "blue";
    auto recipe = Recipe::load(command.recipe);
    const auto settings = AnomalyRecipe::read(recipe);
    const auto pictures = open_anomaly_pictures(command, settings);
    EXPECT_EQ(pictures.training->size() + pictures.normal->size(), 22);
    for (std::int64_t i = 0; i < pictures.training->size(); ++i)
        EXPECT_NE(pictures.training->name(i).find("blue"), std::string::npos);
    command.class_name = "green";
    EXPECT_NE(refused(command).find("no class 'green'"), std::string::npos) << refused(command);
    EXPECT_NE(refused(command).find("blue, red"), std::string::npos);
}

TEST(AnomalyTraining, BrokenAndMixedPicturesAreNoReasonToStop) {
    auto command = command_for("broken");
    const auto folder = make_pictures("broken-parts", 22, 40, 36);
    std::ofstream(folder / "aaa.png") << "no picture";
    fs::copy(make_pictures("other-size", 1, 77, 20) / "picture0.png", folder / "wide.png");
    command.data = {folder.string()};
    ASSERT_EQ(train_anomaly(command), 0);
    const auto provenance = Json::parse(bundle::Bundle::open(command.output)->manifest().provenance);
    EXPECT_EQ(provenance["pictures"], 13);
    EXPECT_EQ(provenance["calibration"]["normal"], 10);
}

/// Its pictures break while it trains.
class BreakingTask final : public test::WrappedTask {
  public:
    BreakingTask(TrainingTask &task, std::vector<fs::path> files)
        : WrappedTask(task)
        , files_(std::move(files)) {}
    void finish() override {
        for (const auto &file : files_) std::ofstream(file) << "no picture";
        WrappedTask::finish();
    }

  private:
    std::vector<fs::path> files_;
};

TEST(AnomalyTraining, PicturesThatBreakMeanwhileDoNotEndIt) {
    auto command = command_for("breaking");
    const auto good = make_pictures("breaking-good", 10, 40, 36),
               bad = make_pictures("breaking-bad", 1, 40, 36);
    command.val_good = good;
    command.bad = bad;
    const RunOptions options{.folder = run_folder(command), .checkpoint_interval = {}};
    std::vector<fs::path> all;
    for (const auto &entry : fs::directory_iterator(good)) all.push_back(entry.path());
    const auto task = anomaly_task(command);
    BreakingTask losing_all(*task, all);
    // Nothing is left to calibrate with.
    test::refusal(ErrorCode::corrupt, [&] { run_training(losing_all, options); });
    make_pictures("breaking-good", 10, 40, 36);
    const auto again = anomaly_task(command);
    BreakingTask losing_some(*again, {all[0], all[4], bad / "picture0.png"});
    EXPECT_EQ(exit_status(run_training(losing_some, options)), 0);
    const auto defaults = defaults_of(command.output);
    for (const char *name :
         {"reconstruction_threshold", "latent_search_threshold", "feature_memory_threshold"})
        EXPECT_GT(defaults[name].get<double>(), 0) << name;
}

TEST(AnomalyTraining, ImpossibleDataAreErrorsBeforeTheFirstStep) {
    auto command = command_for("impossible");
    const auto with_data = [&](const fs::path &folder) {
        command.data = {folder.string()};
        return refused(command);
    };
    const fs::path empty = scratch() + "no-parts";
    fs::create_directories(empty);
    EXPECT_NE(with_data(empty).find("no picture"), std::string::npos) << with_data(empty);
    const auto one = with_data(make_pictures("one-part", 1, 32, 32));
    EXPECT_NE(one.find("1 picture is too few"), std::string::npos) << one;
    EXPECT_NE(one.find("--val-good"), std::string::npos) << one;
    const auto few = with_data(make_pictures("few-parts", 19, 32, 32));
    EXPECT_NE(few.find("at least 20"), std::string::npos) << few;
    EXPECT_NE(with_data("cifar10:nowhere").find("--class"), std::string::npos);
    command.val_good = make_pictures("few-good", 4, 32, 32);
    const auto calibrated = with_data(make_pictures("parts", 12, 32, 32));
    EXPECT_NE(calibrated.find("to calibrate with"), std::string::npos) << calibrated;
    command.val_good.clear();
    const auto folder = make_pictures("all-broken", 0, 32, 32);
    for (int i = 0; i < 30; ++i) std::ofstream(folder / (std::to_string(i) + ".png")) << "no picture";
    EXPECT_NE(with_data(folder).find("0 pictures are too few"), std::string::npos) << with_data(folder);
    command.bad = scratch() + "nowhere";
    const auto nowhere = with_data(make_pictures("parts", 24, 32, 32));
    EXPECT_NE(nowhere.find("given with --bad"), std::string::npos) << nowhere;
    command.bad = empty;
    EXPECT_NE(refused(command).find("given with --bad"), std::string::npos) << refused(command);
    command.val_good = empty;
    EXPECT_NE(refused(command).find("given with --val-good"), std::string::npos) << refused(command);
    EXPECT_FALSE(fs::exists(command.output));
}

TEST(AnomalyTraining, PicturesToJudgeByAreNotTrainedOn) {
    auto command = command_for("apart");
    const auto root = make_pictures("all-parts", 24, 32, 32);
    command.data = {root.string()};
    command.bad = root / "bad";
    fs::create_directories(command.bad);
    fs::copy(root / "picture0.png", command.bad / "picture0.png");
    EXPECT_NE(refused(command).find("of --bad are among"), std::string::npos) << refused(command);
    command.bad.clear();
    command.val_good = root;
    EXPECT_NE(refused(command).find("of --val-good are among"), std::string::npos) << refused(command);
    const auto classes = make_classes("classes-apart", 24);
    command.data = {classes.string()};
    command.class_name = "blue";
    command.val_good = classes / "blue";
    EXPECT_NE(refused(command).find("of --val-good are among"), std::string::npos) << refused(command);
    command.val_good.clear();
    command.bad = classes / "red"; // of the same folder, but of another class
    command.output = scratch() + "apart/of-a-class.mirra";
    fs::create_directories(command.output.parent_path());
    EXPECT_EQ(train_anomaly(command), 0);
    command.output = scratch() + "apart/never.mirra";
    EXPECT_FALSE(fs::exists(command.output));
}

TEST(AnomalyTraining, ImpossibleEncodersAndRecipesAreErrorsBeforeTheFirstStep) {
    auto command = command_for("encoder-errors");
    graph::Builder builder("denoiser");
    builder.output("image", builder.relu(builder.input("image", 3)));
    bundle::Manifest manifest;
    manifest.task = "denoise";
    manifest.graphs = {{"denoiser", builder.finish()}};
    const fs::path other = scratch() + "other-task.mirra";
    bundle::write_bundle(other, manifest, {}, bundle::DType::f32);
    const auto encoder = command.encoder;
    command.encoder = other;
    EXPECT_NE(refused(command).find("no encoder"), std::string::npos) << refused(command);
    command.encoder = encoder;
    command.overrides["network.layer"] = "conv7";
    EXPECT_NE(refused(command).find("'conv7' (network.layer)"), std::string::npos) << refused(command);
    EXPECT_NE(refused(command_for("extent", "[data2]\nextent = 1\n")).find("unknown keys"),
              std::string::npos);
    auto extent = command_for("extent");
    std::ofstream(extent.recipe) << "[data]\nextent = 36";
    EXPECT_NE(refused(extent).find("multiples of"), std::string::npos) << refused(extent);
    std::ofstream(extent.recipe) << "[memory]\nlayer = \"conv9\"";
    EXPECT_NE(refused(extent).find("'conv9' (memory.layer)"), std::string::npos) << refused(extent);
    std::ofstream(extent.recipe) << "[memory]\nlayers = [\"conv9\"]";
    EXPECT_NE(refused(extent).find("'conv9' (memory.layers)"), std::string::npos) << refused(extent);
    auto rate = command_for("rate");
    rate.overrides["calibration.false_positive_rate"] = "0.7";
    EXPECT_NE(refused(rate).find("false_positive_rate"), std::string::npos) << refused(rate);
}

TEST(AnomalyRecipe, TheShippedOnesAreValidAndTheSmallOneIsTheDefault) {
    int count = 0;
    for (const auto &entry : fs::recursive_directory_iterator(MIRRA_RECIPES)) {
        if (!entry.path().filename().string().starts_with("anomaly")) continue;
        auto recipe = Recipe::load(entry.path());
        EXPECT_NO_THROW(AnomalyRecipe::read(recipe)) << entry.path();
        ++count;
    }
    EXPECT_GE(count, 4);
    auto small = Recipe::load(fs::path(MIRRA_RECIPES) / "small" / "anomaly.toml");
    auto none = Recipe::parse("", "none");
    const auto a = AnomalyRecipe::read(small), b = AnomalyRecipe::read(none);
    EXPECT_EQ(a.memory_members, b.memory_members);
    EXPECT_EQ(a.feature_weight, b.feature_weight);
    EXPECT_EQ(a.generator.optimizer.schedule.steps, b.generator.optimizer.schedule.steps);
    EXPECT_EQ(a.generator.optimizer.schedule.rate, b.generator.optimizer.schedule.rate);
    EXPECT_EQ(a.generator.loss_kind(), b.generator.loss_kind());
    EXPECT_EQ(a.generator.feature_weight, b.generator.feature_weight);
    EXPECT_EQ(a.generator.feature_distance, b.generator.feature_distance);
    EXPECT_EQ(a.generator.average_decay, b.generator.average_decay);
    EXPECT_EQ(a.generator.extent, b.generator.extent);
    EXPECT_EQ(a.generator.augmentation.flips, b.generator.augmentation.flips);
    EXPECT_EQ(a.generator.color_tail, b.generator.color_tail);
    EXPECT_EQ(a.segmentation.steps, b.segmentation.steps);
    EXPECT_EQ(a.segmentation.batch, b.segmentation.batch);
    EXPECT_EQ(a.segmentation.extent, b.segmentation.extent);
    EXPECT_EQ(a.segmentation.crop, b.segmentation.crop);
    EXPECT_EQ(a.segmentation.channels, b.segmentation.channels);
    EXPECT_EQ(a.segmentation.rate, b.segmentation.rate);
    EXPECT_EQ(a.segmentation.clean, b.segmentation.clean);
    EXPECT_EQ(a.segmentation.flips, b.segmentation.flips);
    EXPECT_EQ(a.segmentation.average_decay, b.segmentation.average_decay);
}

} // namespace
