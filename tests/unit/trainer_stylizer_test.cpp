// Training of stylizers: the recipe's levels, the bundle, resuming, starting from and taking over other
// bundles.
#include "core/graph_module.hpp"
#include "eval/evaluation.hpp"
#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "tasks/inverter.hpp"
#include "tasks/stylizer.hpp"
#include "tasks/stylizer_task.hpp"
#include "trainer_record.hpp"
#include "trainer_small_encoder.hpp"
#include "trainer_support.hpp"
#include "wrapped_task.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

namespace {

using namespace mirra;
using namespace mirra::trainer;
namespace fs = std::filesystem;
using Json = nlohmann::json;
using mirra::test::make_pictures;
using mirra::test::scratch;
using mirra::test::weights_of;
using Names = std::vector<std::string>;

constexpr const char *kShared = R"(
[data]
extent = 32
batch = 4
[optimizer]
steps = 6
warmup = 0
average_decay = 0.9
[validation]
every = 3
pictures = 4
[training]
precision = "fp32"
seed = 5
)";
constexpr const char *kLevels = "[level.layer3]\nsteps = 4\nrate = 1e-3\n";

const graph::Graph &small_graph() {
    static const auto graph = graph::classifier({.architecture = "resnet18", .width = 0.125}).encoder;
    return graph;
}

/// Two levels of the small encoder: layer4 for 6 steps, layer3 for 4.
StylizerCommand command_for(const std::string &name, const std::string &recipe = {}) {
    auto command = test::run_command<StylizerCommand>(
        "stylizer-" + name, recipe.empty() ? std::string(kShared) + kLevels : recipe, "style.mirra");
    command.encoder = test::small_encoder("stylizer-encoder");
    command.data = {make_pictures("stylizer", 24, 40, 36).string()};
    return command;
}

/// An inverter of a layer of the same encoder, or of another one.
fs::path inverter_of(const std::string &name, const std::string &layer, const fs::path &encoder = {}) {
    auto command = test::run_command<InverterCommand>("stylizer-from-" + name, kShared, layer + ".mirra");
    command.encoder = encoder.empty() ? test::small_encoder("stylizer-encoder") : encoder;
    command.data = {make_pictures("stylizer-inverter", 24, 40, 36).string()};
    command.overrides["network.layer"] = layer;
    EXPECT_EQ(train_inverter(command), 0);
    return command.output;
}

Json provenance_of(const fs::path &path) {
    return Json::parse(bundle::Bundle::open(path)->manifest().provenance);
}

/// The error of a training that is refused before its first step.
std::string refused(const StylizerCommand &command) {
    try {
        const StylizerTraining training(command);
    } catch (const Error &error) {
        return std::string(error.what()) + " (" + error.subject() + "). " + error.hint();
    }
    return "accepted";
}

void expect_refused(const StylizerCommand &command, const Names &words) {
    const auto text = refused(command);
    for (const auto &word : words) EXPECT_NE(text.find(word), std::string::npos) << word << " in: " << text;
}

torch::Tensor run_graph(const bundle::Bundle &bundle, const std::string &name, const std::string &input,
                        const torch::Tensor &value, const std::string &output) {
    GraphModule network(bundle.graph(name), {});
    network.load(bundle);
    network.eval();
    const torch::NoGradGuard no_grad;
    return network.forward({{input, value}}).at(output);
}

TEST(StylizerRecipe, ALevelHasTheSharedSettingsAndItsOwn) {
    const auto recipe = Recipe::parse(std::string(kShared) + kLevels, "r.toml");
    const auto levels = read_stylizer_recipe(recipe, small_graph());
    ASSERT_EQ(levels.size(), 2U);
    EXPECT_EQ(levels[0].layer, "layer4") << "the deepest first";
    EXPECT_EQ(levels[1].layer, "layer3");
    EXPECT_EQ(levels[0].settings.layer, "layer4");
    EXPECT_EQ(levels[0].settings.optimizer.schedule.steps, 6);
    EXPECT_EQ(levels[0].settings.optimizer.schedule.rate, 2e-3);
    EXPECT_EQ(levels[1].settings.optimizer.schedule.steps, 4);
    EXPECT_EQ(levels[1].settings.optimizer.schedule.rate, 1e-3);
    for (const auto &level : levels) {
        EXPECT_EQ(level.settings.extent, 32);
        EXPECT_EQ(level.settings.average_decay, 0.9);
        auto again = Recipe::parse(level.recipe.source(), "an inverter's");
        EXPECT_EQ(InverterRecipe::read(again).optimizer.schedule.steps,
                  level.settings.optimizer.schedule.steps);
    }
}

TEST(StylizerRecipe, ALevelsRecipeDoesNotDependOnTheOthers) {
    const auto source = [](const std::string &steps) {
        const auto recipe = Recipe::parse("[level.layer3]\nsteps = " + steps, "r");
        return read_stylizer_recipe(recipe, small_graph()).front().recipe.source();
    };
    EXPECT_EQ(source("3"), source("4"));
}

TEST(StylizerRecipe, EveryKeyOfALevelReachesItsSetting) {
    const auto recipe = Recipe::parse(R"([level.layer3]
width = 0.5
color_tail = "random"
batch = 7
extent = 64
growth = [32]
growth_epochs = [2]
smallest_area = 0.6
loss = "pix+feat+gan"
pixel = "l2"
pixel_weight = 3.0
feature = "squared"
feature_layer = "layer4"
feature_weight = 5.0
adversarial_weight = 6.0
steps = 8
rate = 0.1
final_rate = 0.01
warmup = 2
schedule = "step"
step_every = 3
step_factor = 0.2
clip_norm = 9.0
average_decay = 0.5
)",
                                      "r");
    const auto settings = read_stylizer_recipe(recipe, small_graph()).back().settings;
    EXPECT_EQ(settings.generator.width, 0.5);
    EXPECT_EQ(settings.color_tail, ColorTail::random);
    EXPECT_EQ(settings.batch, 7);
    EXPECT_EQ(settings.extent, 64);
    ASSERT_EQ(settings.growth.size(), 1U);
    EXPECT_EQ(settings.augmentation.smallest_area, 0.6);
    EXPECT_EQ(settings.loss_kind(), "pix+feat+gan");
    EXPECT_FALSE(settings.pixel_l1);
    EXPECT_EQ(settings.pixel_weight, 3);
    EXPECT_EQ(settings.feature_distance, FeatureDistance::squared);
    EXPECT_EQ(settings.feature_layer, "layer4");
    EXPECT_EQ(settings.feature_weight, 5);
    EXPECT_EQ(settings.adversarial_weight, 6);
    const auto &optimizer = settings.optimizer;
    EXPECT_EQ(optimizer.schedule.steps, 8);
    EXPECT_EQ(optimizer.schedule.rate, 0.1);
    EXPECT_EQ(optimizer.schedule.final_rate, 0.01);
    EXPECT_EQ(optimizer.schedule.warmup, 2);
    EXPECT_EQ(optimizer.schedule.kind, "step");
    EXPECT_EQ(optimizer.schedule.step_every, 3);
    EXPECT_EQ(optimizer.schedule.step_factor, 0.2);
    EXPECT_EQ(optimizer.clip_norm, 9);
    EXPECT_EQ(settings.average_decay, 0.5);
}

TEST(StylizerRecipe, WhatIsWrongIsNamed) {
    const auto error = [](const std::string &text) {
        try {
            const auto recipe = Recipe::parse(text, "r.toml");
            read_stylizer_recipe(recipe, small_graph());
            stylizer_epsilon(recipe);
        } catch (const Error &found) {
            return std::string(found.what()) + " (" + found.subject() + "). " + found.hint();
        }
        return std::string("accepted");
    };
    const auto expect = [&](const std::string &text, const Names &words) {
        const auto message = error(text);
        for (const auto &word : words) EXPECT_NE(message.find(word), std::string::npos) << message;
    };
    expect("[optimizer]\nstpes = 3", {"unknown keys", "optimizer.stpes"});
    expect("[level.layer3]\nstpes = 3", {"unknown keys", "stpes", "[level.layer3]", "steps, rate"});
    expect("[level.layer3]\ndetail = 1.5", {"'detail'", "0 to 1", "[level.layer3]"});
    expect("[level.layer3]\ndetail = \"much\"", {"'detail'", "0 to 1"});
    expect("[level.layer3]\nedges = -0.5", {"'edges'", "0 to 1", "[level.layer3]"});
    expect("epsilon = -1", {"epsilon", "0 to 10"});
    expect("[level.layer3]\nlayer = \"layer4\"", {"unknown keys", "layer"});
    expect("[level.layer3]\nsteps = \"many\"", {"optimizer.steps", "[level.layer3]"});
    expect("levels = \"layer4\"\n[level.layer3]\nsteps = -1", {"optimizer.steps", "[level.layer3]"});
    expect("[level.conv1]\nsteps = 3", {"no layer 'conv1'", "layer3, layer4"});
    expect("levels = \"layer4,conv1\"", {"no layer 'conv1'", "layer3, layer4"});
    expect("levels = \"layer4, layer4\"", {"listed twice"});
    expect("levels = \"layer4,\"", {"empty name"});
    expect("levels = 3", {"'levels' must be a text"});
    expect("level = 3", {"'level' must be a table"});
    expect("level.layer3 = 3", {"'level.layer3' must be a table"});
    expect("optimizer = 3\n[level.layer3]\nsteps = 3", {"'optimizer' must be a table"});
    expect("[network]\nlayer = \"layer4\"", {"'network.layer'", "'levels'"});
}

TEST(StylizerRecipe, LayersInTheirOrder) {
    EXPECT_EQ(stylizer_layers("", small_graph()), (Names{"layer4", "layer3"}));
    EXPECT_EQ(stylizer_layers(" layer3 , layer4", small_graph()), (Names{"layer3", "layer4"}));
    const auto alexnet = graph::classifier({.architecture = "alexnet", .width = 0.125}).encoder;
    EXPECT_EQ(stylizer_layers("", alexnet), (Names{"conv5", "conv2", "conv1"}));
    for (const std::string name : {"../conv5", "a=b", "a:b", "..", "a b"}) {
        graph::Builder builder("encoder");
        builder.output(name, builder.relu(builder.input("image", 3)));
        const auto code = name == "a b" ? ErrorCode::corrupt : ErrorCode::unsupported; // a graph refuses it
        test::refusal(code, [&] { stylizer_layers("", builder.finish()); });
    }
}

TEST(StylizerRecipe, TheShippedOnesAreValid) {
    const auto alexnet = graph::classifier({.architecture = "alexnet"}).encoder;
    for (const char *scale : {"small", "gpu", "paper"}) {
        const auto recipe = Recipe::load(fs::path(MIRRA_RECIPES) / scale / "stylizer.toml");
        const auto levels = read_stylizer_recipe(recipe, alexnet);
        ASSERT_EQ(levels.size(), 3U) << scale;
        for (const auto &level : levels) {
            EXPECT_EQ(level.settings.loss_kind(), "pix+feat") << scale;
            EXPECT_EQ(level.settings.feature_layer, "conv5") << scale;
            const auto whole = graph::autoencoder(
                alexnet, level.layer, graph::generator(alexnet, level.layer, level.settings.generator));
            EXPECT_EQ(level.settings.extent % graph::alignment(whole), 0) << scale;
        }
    }
    const auto recipe = Recipe::load(fs::path(MIRRA_RECIPES) / "small" / "stylizer.toml");
    const auto small = read_stylizer_recipe(recipe, alexnet);
    const auto defaults = read_stylizer_recipe(Recipe::parse("", "none"), alexnet);
    EXPECT_EQ(small[0].settings.optimizer.schedule.rate, 7e-4);
    EXPECT_EQ(small[2].settings.optimizer.schedule.steps, 700);
    const auto &a = small[1].settings, &b = defaults[1].settings; // conv2, whose pace is the default
    EXPECT_EQ(a.optimizer.schedule.steps, b.optimizer.schedule.steps);
    EXPECT_EQ(a.optimizer.schedule.rate, b.optimizer.schedule.rate);
    EXPECT_EQ(a.optimizer.schedule.warmup, b.optimizer.schedule.warmup);
    EXPECT_EQ(a.optimizer.adam.beta1, b.optimizer.adam.beta1);
    EXPECT_EQ(a.average_decay, b.average_decay);
    EXPECT_EQ(a.feature_weight, b.feature_weight);
    EXPECT_EQ(a.augmentation.smallest_area, b.augmentation.smallest_area);
    EXPECT_EQ(a.color_tail, b.color_tail);
    EXPECT_EQ(a.batch, b.batch);
}

TEST(StylizerTraining, MakesABundleOfTheContract) {
    auto command = command_for("contract");
    command.licence = "CC0-1.0";
    ASSERT_EQ(train_stylizer(command), 0);
    const auto bundle = bundle::Bundle::open(command.output);
    const auto &manifest = bundle->manifest();
    EXPECT_EQ(manifest.task, "stylize");
    EXPECT_EQ(manifest.name, "style");
    EXPECT_EQ(manifest.architecture, "resnet18-stylizer");
    EXPECT_EQ(manifest.licence, "CC0-1.0");
    EXPECT_EQ(Json::parse(manifest.defaults)["levels"], "layer4,layer3");
    std::set<std::string> graphs;
    for (const auto &[name, graph] : manifest.graphs) {
        EXPECT_EQ(graph.name, name);
        graphs.insert(name);
    }
    EXPECT_EQ(graphs,
              (std::set<std::string>{"encoder", "encoder-layer4", "generator-layer4", "autoencoder-layer4",
                                     "encoder-layer3", "generator-layer3", "autoencoder-layer3"}));
    for (const auto &[name, tensor] : bundle->file().tensors()) {
        EXPECT_EQ(tensor.dtype, bundle::DType::f16) << name;
        EXPECT_TRUE(name.starts_with("encoder.") || name.starts_with("generator-layer3.gen.") ||
                    name.starts_with("generator-layer4.gen."))
            << name;
    }

    const auto provenance = provenance_of(command.output);
    EXPECT_EQ(provenance["encoder"]["name"], "stylizer-encoder");
    EXPECT_EQ(provenance["encoder"]["sha256"], bundle::Bundle::open(command.encoder)->sha256());
    EXPECT_EQ(provenance["steps"], 10);
    EXPECT_EQ(provenance["pictures"], 20) << "four validate";
    EXPECT_NE(provenance["recipe_text"].get<std::string>().find("level.layer3"), std::string::npos);
    EXPECT_EQ(provenance["levels"]["layer4"]["steps"], 6);
    EXPECT_EQ(provenance["levels"]["layer3"]["steps"], 4);
    for (const auto &[layer, level] : provenance["levels"].items()) {
        EXPECT_EQ(level["loss"], "pix+feat") << layer;
        EXPECT_EQ(level["validation"]["count"], 4) << layer;
        EXPECT_GT(level["validation"]["psnr"], 3) << layer;
        EXPECT_TRUE(fs::exists(level_folder(command, layer) / "log.csv")) << layer;
        EXPECT_TRUE(fs::exists(level_folder(command, layer) / "curves.png")) << layer;
    }
}

TEST(StylizerTraining, EncoderAndGeneratorOfALevelMakeItsAutoencoder) {
    const auto command = command_for("decodes");
    ASSERT_EQ(train_stylizer(command), 0);
    const auto bundle = bundle::Bundle::open(command.output);
    torch::manual_seed(2);
    const auto image = torch::rand({2, 3, 32, 48});
    for (const std::string layer : {"layer3", "layer4"}) {
        const auto features = run_graph(*bundle, "encoder-" + layer, "image", image, "features");
        EXPECT_TRUE(torch::equal(features, run_graph(*bundle, "encoder", "image", image, layer)));
        const auto decoded = run_graph(*bundle, "generator-" + layer, "features", features, "image");
        EXPECT_EQ(decoded.sizes(), image.sizes());
        EXPECT_TRUE(
            torch::equal(decoded, run_graph(*bundle, "autoencoder-" + layer, "image", image, "image")));
        const auto alone = bundle::Bundle::open(level_bundle(command, layer));
        EXPECT_TRUE(torch::equal(decoded, run_graph(*alone, "autoencoder-" + layer, "image", image, "image")))
            << "the level's weights have changed on their way";
    }
}

TEST(StylizerTraining, ItsRecordMakesTheSameRun) {
    auto command = command_for("record");
    command.overrides = {{"levels", "layer4"}, {"level.LAYER.steps", "2"}, {"training.precision", "fp32"}};
    ASSERT_EQ(train_stylizer(command), 0);
    const auto record = test::record_that_makes_the_run(command, add_stylizer_command);
    EXPECT_NE(record.command.find("--steps 2 --levels layer4"), std::string::npos) << record.command;
    EXPECT_GT(record.pictures, 0);
    EXPECT_FALSE(fs::exists(level_folder(command, "layer4") / "run.json")) << "the stylizer's tells of it";
}

TEST(StylizerTraining, LevelsStepsAndSeedOfTheCommandLine) {
    auto command = command_for("overrides");
    command.overrides["levels"] = "layer3";
    command.overrides["level.LAYER.steps"] = "2";
    command.overrides["training.seed"] = "9";
    ASSERT_EQ(train_stylizer(command), 0);
    const auto bundle = bundle::Bundle::open(command.output);
    EXPECT_FALSE(bundle->manifest().graphs.contains("generator-layer4"));
    EXPECT_EQ(Json::parse(bundle->manifest().defaults)["levels"], "layer3");
    const auto provenance = provenance_of(command.output);
    EXPECT_EQ(provenance["levels"]["layer3"]["steps"], 2) << "over the level's own in the recipe";
    EXPECT_EQ(provenance["seed"], 9);
    command.overrides["levels"] = "layer3,layer4";
    ASSERT_EQ(train_stylizer(command), 0);
    EXPECT_EQ(Json::parse(bundle::Bundle::open(command.output)->manifest().defaults)["levels"],
              "layer3,layer4");
}

TEST(StylizerTraining, ALevelIsTrainedAsAnInverterIs) {
    auto command = command_for("as-inverter");
    command.overrides["levels"] = "layer4";
    ASSERT_EQ(train_stylizer(command), 0);
    const auto recipe = Recipe::load(command.recipe);
    const auto level = std::move(read_stylizer_recipe(recipe, small_graph()).front());
    auto defaults = Recipe::parse(level.recipe.source(), "its own");
    for (const auto &[key, value] : std::map<std::string, double>{{"network.width", 1},
                                                                  {"data.smallest_area", 0.3},
                                                                  {"loss.feature_weight", 0.1},
                                                                  {"optimizer.rate", 2e-3},
                                                                  {"optimizer.beta1", 0.5},
                                                                  {"optimizer.beta2", 0.99},
                                                                  {"optimizer.clip_norm", 1}})
        defaults.set(key, value);
    defaults.set("loss.kind", std::string("pix+feat"));
    defaults.set("loss.feature", std::string("relative"));
    auto inverter = test::run_command<InverterCommand>("stylizer-inverter", defaults.source(), "i.mirra");
    inverter.encoder = command.encoder;
    inverter.data = command.data;
    ASSERT_EQ(train_inverter(inverter), 0);
    EXPECT_EQ(weights_of(inverter.output), weights_of(level_bundle(command, "layer4")));
}

TEST(StylizerTraining, AKilledRunEndsWithTheSameBundle) {
    const auto whole = command_for("whole");
    ASSERT_EQ(train_stylizer(whole), 0);
    const auto killed = command_for("killed");
    {
        StylizerTraining training(killed);
        ASSERT_EQ(run_training(training.task("layer4"), {.folder = level_folder(killed, "layer4")}),
                  RunResult::finished);
        test::DyingTask dying(training.task("layer3"), 3);
        const RunOptions options{
            .folder = level_folder(killed, "layer3"), .checkpoint_every = 2, .checkpoint_interval = {}};
        EXPECT_THROW(run_training(dying, options), test::Died);
    }
    EXPECT_FALSE(fs::exists(killed.output));
    const auto finished = fs::last_write_time(level_bundle(killed, "layer4"));
    ASSERT_EQ(train_stylizer(killed), 0);
    EXPECT_EQ(fs::last_write_time(level_bundle(killed, "layer4")), finished) << "not trained again";
    EXPECT_EQ(weights_of(whole.output), weights_of(killed.output));
}

/// Changes the manifest of a bundle.
template<class Change> void with_manifest(const fs::path &path, const Change &change) {
    const auto bundle = bundle::Bundle::open(path);
    auto manifest = bundle->manifest();
    change(manifest);
    rewrite_manifest(*bundle, manifest, path);
}

TEST(StylizerTraining, AFinishedOneIsLeftAsItIsAndWrittenAnewWhereItIsGone) {
    auto command = command_for("finished");
    ASSERT_EQ(train_stylizer(command), 0);
    const auto weights = weights_of(command.output);
    const auto written = fs::last_write_time(command.output),
               level = fs::last_write_time(level_bundle(command, "layer3"));
    ASSERT_EQ(train_stylizer(command), 0);
    EXPECT_EQ(fs::last_write_time(command.output), written);
    std::ofstream(command.output) << "damaged";
    ASSERT_EQ(train_stylizer(command), 0);
    EXPECT_EQ(weights_of(command.output), weights);
    for (const char *defaults : {R"({"levels": 5})", "{}"}) {
        with_manifest(command.output, [&](bundle::Manifest &manifest) { manifest.defaults = defaults; });
        ASSERT_EQ(train_stylizer(command), 0);
        EXPECT_EQ(Json::parse(bundle::Bundle::open(command.output)->manifest().defaults)["levels"],
                  "layer4,layer3");
    }
    EXPECT_EQ(fs::last_write_time(level_bundle(command, "layer3")), level);
    command.restart = true;
    ASSERT_EQ(train_stylizer(command), 0);
    EXPECT_GT(fs::last_write_time(level_bundle(command, "layer3")), level) << "trained anew";
    EXPECT_EQ(weights_of(command.output), weights);
}

/// Trains and presses Ctrl-C after the level's next checkpoint, where the loop surely listens.
int interrupted_in(const StylizerCommand &command, const std::string &layer) {
    const auto checkpoint = level_folder(command, layer) / "checkpoint.safetensors";
    const auto time = [&] {
        std::error_code none;
        return fs::last_write_time(checkpoint, none);
    };
    std::atomic<bool> ended = false;
    std::thread user([&, before = time()] {
        while (time() == before && !ended) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        if (!ended) std::raise(SIGINT);
    });
    const auto status = train_stylizer(command);
    ended = true;
    user.join();
    return status;
}

TEST(StylizerTraining, CtrlCLeavesWhatTheSameCommandGoesOnFrom) {
    std::string recipe = kShared;
    recipe.replace(recipe.find("every = 3"), 9, "every = 1000000");
    const auto command = command_for("ctrl-c", recipe + "[level.layer3]\nsteps = 1000000\n");
    EXPECT_EQ(interrupted_in(command, "layer3"), 130);
    EXPECT_FALSE(fs::exists(command.output));
    EXPECT_TRUE(fs::exists(level_bundle(command, "layer4")));
    const auto finished = fs::last_write_time(level_bundle(command, "layer4"));
    const auto steps = [&] {
        std::ifstream file(level_folder(command, "layer3") / "log.csv");
        std::string last;
        for (std::string line; std::getline(file, line);) last = line;
        return std::stoll(last.substr(0, last.find(',')));
    };
    const auto first = steps();
    EXPECT_GT(first, 0);
    EXPECT_EQ(interrupted_in(command, "layer3"), 130);
    EXPECT_GT(steps(), first) << "went on";
    EXPECT_EQ(fs::last_write_time(level_bundle(command, "layer4")), finished);
}

TEST(StylizerTraining, AnotherDetailOrEpsilonIsWrittenWithoutTraining) {
    auto command = command_for("detail");
    ASSERT_EQ(train_stylizer(command), 0);
    EXPECT_FALSE(Json::parse(bundle::Bundle::open(command.output)->manifest().defaults).contains("epsilon"));
    const auto weights = weights_of(command.output);
    const auto finished = fs::last_write_time(level_bundle(command, "layer3"));
    std::ofstream(command.recipe, std::ios::app) << "detail = 0.5\nedges = 1\n"; // the last table is layer3's
    command.overrides["epsilon"] = "0.25";
    ASSERT_EQ(train_stylizer(command), 0);
    EXPECT_EQ(Json::parse(bundle::Bundle::open(command.output)->manifest().defaults)["epsilon"], 0.25);
    EXPECT_EQ(Json::parse(bundle::Bundle::open(command.output)->manifest().defaults)["levels"],
              "layer4,layer3:1:0.5:1");
    EXPECT_EQ(weights_of(command.output), weights);
    EXPECT_EQ(fs::last_write_time(level_bundle(command, "layer3")), finished);
}

TEST(StylizerTraining, AnotherRecipeIsRefusedOnlyByTheLevelThatItChanges) {
    auto command = command_for("changed");
    ASSERT_EQ(train_stylizer(command), 0);
    std::ofstream(command.recipe) << kShared << "[level.layer3]\nsteps = 5\n";
    expect_refused(command, {"layer3", "--restart"});
    fs::remove_all(level_folder(command, "layer3"));
    const auto finished = fs::last_write_time(level_bundle(command, "layer4"));
    ASSERT_EQ(train_stylizer(command), 0);
    EXPECT_EQ(fs::last_write_time(level_bundle(command, "layer4")), finished);
    EXPECT_EQ(provenance_of(command.output)["levels"]["layer3"]["steps"], 5);
}

TEST(StylizerTraining, LevelsStartFromInvertersAndFromStylizers) {
    const auto inverter = inverter_of("inverter", "layer4");
    auto command = command_for("started");
    command.overrides["level.LAYER.steps"] = "1";
    command.init = {inverter};
    ASSERT_EQ(train_stylizer(command), 0);
    const auto levels = provenance_of(command.output)["levels"];
    EXPECT_EQ(levels["layer4"]["initial_weights"], bundle::Bundle::open(inverter)->sha256());
    EXPECT_FALSE(levels["layer3"].contains("initial_weights"));

    auto again = command_for("started-again");
    again.overrides["level.LAYER.steps"] = "1";
    again.init = {command.output};
    ASSERT_EQ(train_stylizer(again), 0);
    const auto sha = bundle::Bundle::open(command.output)->sha256();
    for (const auto &[layer, level] : provenance_of(again.output)["levels"].items())
        EXPECT_EQ(level["initial_weights"], sha) << layer;
}

TEST(StylizerTraining, TheFirstStateIsThatOfTheBundle) {
    const auto inverter = inverter_of("state", "layer4");
    auto first = command_for("state");
    first.level_bundles = {"layer4=" + inverter.string()};
    ASSERT_EQ(train_stylizer(first), 0);
    for (const auto &[name, path] : {std::pair{"inverter", inverter}, {"stylizer", first.output}}) {
        auto command = command_for(std::string("state-") + name);
        command.overrides["levels"] = "layer4";
        command.init = {path};
        const StylizerTraining training(command);
        const auto state = training.task("layer4").state();
        for (const auto &[weight, values] : weights_of(inverter)) {
            if (!weight.starts_with("generator.")) continue;
            const auto wanted = torch::tensor(values).view(state.at(weight).sizes());
            EXPECT_TRUE(torch::equal(state.at(weight), wanted)) << name << " " << weight;
        }
    }
}

TEST(StylizerTraining, TakesLevelsOverWithoutTrainingThem) {
    const auto inverter = inverter_of("taken", "layer4");
    auto command = command_for("taken");
    command.level_bundles = {"layer4=" + inverter.string()};
    ASSERT_EQ(train_stylizer(command), 0);
    EXPECT_FALSE(fs::exists(level_folder(command, "layer4")));
    const auto own = weights_of(command.output);
    for (const auto &[name, values] : weights_of(inverter))
        if (name.starts_with("generator.")) {
            EXPECT_EQ(own.at("generator-layer4." + name.substr(10)), values) << name;
        }
    const auto level = provenance_of(command.output)["levels"]["layer4"];
    EXPECT_EQ(level["sha256"], bundle::Bundle::open(inverter)->sha256());
    EXPECT_EQ(level["loss"], "pix");
    EXPECT_GT(level["validation"]["psnr"], 3);
    EXPECT_EQ(provenance_of(command.output)["steps"], 4) << "those of layer3 alone";

    // Both levels at once, spread over two machines: a stylizer of one level and an inverter.
    auto part = command_for("part");
    part.overrides["levels"] = "layer3";
    ASSERT_EQ(train_stylizer(part), 0);
    auto joined = command_for("joined");
    joined.level_bundles = {"layer4=" + inverter.string(), "layer3=" + part.output.string()};
    ASSERT_EQ(train_stylizer(joined), 0);
    EXPECT_EQ(weights_of(joined.output), own);
    EXPECT_EQ(provenance_of(joined.output)["levels"]["layer3"]["steps"], 4);
    with_manifest(part.output, [](bundle::Manifest &manifest) {
        manifest.provenance = R"({"levels": {"layer3": "by hand"}})";
    });
    fs::remove(joined.output);
    ASSERT_EQ(train_stylizer(joined), 0);
    EXPECT_EQ(provenance_of(joined.output)["levels"]["layer3"]["sha256"],
              bundle::Bundle::open(part.output)->sha256());
}

TEST(StylizerTraining, BundlesThatDoNotFitAreErrorsBeforeTheFirstStep) {
    const auto other_encoder = test::small_encoder("stylizer-other-encoder", "{}", 8);
    const auto inverter = inverter_of("fits", "layer4"),
               other = inverter_of("other", "layer4", other_encoder);
    const auto with_init = [&](std::vector<fs::path> init, const Names &words) {
        auto command = command_for("init-errors");
        command.init = std::move(init);
        expect_refused(command, words);
    };
    with_init({"nowhere.mirra"}, {"nowhere.mirra"});
    with_init({other}, {"another encoder", "--encoder"});
    with_init({inverter, inverter}, {"both this bundle", "layer4"});
    with_init({other_encoder}, {"no generator of a level", "layer4, layer3"});
    auto wide = command_for("wide", std::string(kShared) + "[level.layer4]\nwidth = 0.5\n");
    wide.init = {inverter};
    expect_refused(wide, {"another network"});
    auto unused = command_for("unused");
    unused.overrides["levels"] = "layer3";
    unused.init = {inverter};
    expect_refused(unused, {"no generator of a level", "layer3"});

    const auto with_level = [&](Names bundles, const Names &words) {
        auto command = command_for("level-errors");
        command.level_bundles = std::move(bundles);
        expect_refused(command, words);
    };
    for (const char *text : {"layer4", "=x.mirra", "layer4="}) with_level({text}, {"LAYER=BUNDLE", text});
    with_level({"conv5=" + inverter.string()}, {"'conv5' is no level", "layer4, layer3"});
    with_level({"layer4=" + inverter.string(), "layer4=" + inverter.string()}, {"two bundles", "layer4"});
    with_level({"layer4=nowhere.mirra"}, {"nowhere.mirra"});
    with_level({"layer3=" + inverter.string()}, {"no generator of layer3"});
    with_level({"layer4=" + other.string()}, {"another encoder"});
}

TEST(StylizerTraining, OtherImpossibleThingsAreErrorsBeforeTheFirstStep) {
    const auto refuses = [](const std::string &recipe, const Names &words) {
        expect_refused(command_for("errors", recipe), words);
    };
    refuses("[data]\nextent = 36\nbatch = 4\n[validation]\npictures = 4", {"36 pixels", "multiples of"});
    refuses(std::string(kShared) + "[level.layer3]\nlayout = \"deepsim\"", {"DeePSiM"});
    refuses(std::string(kShared) + "[level.layer3]\nfeature_layer = \"conv5\"", {"conv5"});
    refuses(std::string(kShared) + "[level.layer3]\ncolor_tail = \"identity\"", {"network.color_tail"});
    auto command = command_for("errors");
    command.overrides["levels"] = "layer4,conv1";
    expect_refused(command, {"no layer 'conv1'"});
    command.overrides.erase("levels");
    command.data = {scratch() + "nowhere"};
    expect_refused(command, {"nowhere"});
    command = command_for("errors");
    graph::Builder builder("denoiser");
    builder.output("image", builder.relu(builder.input("image", 3)));
    bundle::Manifest manifest;
    manifest.graphs = {{"denoiser", builder.finish()}};
    command.encoder = scratch() + "stylizer-no-encoder.mirra";
    bundle::write_bundle(command.encoder, manifest, {}, bundle::DType::f32);
    expect_refused(command, {"encoder"});
    command = command_for("errors");
    command.output = scratch() + "no-such-folder/style.mirra";
    test::refusal(ErrorCode::not_found, [&] { train_stylizer(command); });
    EXPECT_FALSE(fs::exists(command_for("errors").output));
}

TEST(InverterTraining, StartsFromALevelOfAStylizer) {
    const auto stylizer = command_for("for-inverter");
    ASSERT_EQ(train_stylizer(stylizer), 0);
    auto command = test::run_command<InverterCommand>("stylizer-to-inverter", kShared, "inverter.mirra");
    command.encoder = stylizer.encoder;
    command.data = stylizer.data;
    command.overrides["network.layer"] = "layer3";
    command.init = stylizer.output;
    ASSERT_EQ(train_inverter(command), 0);
    EXPECT_EQ(provenance_of(command.output)["initial_weights"],
              bundle::Bundle::open(stylizer.output)->sha256());
}

} // namespace
