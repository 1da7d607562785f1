// The network that marks defects: what is pasted, how it learns, what its bundle has, what is refused.
#include "data/pasted_defects.hpp"
#include "data/picture_store.hpp"
#include "eval/anomaly_defects.hpp"
#include "eval/anomaly_scoring.hpp"
#include "eval/statistics.hpp"
#include "mirra/defect_segmenter.hpp"
#include "tasks/anomaly.hpp"
#include "tasks/anomaly_calibration.hpp"
#include "tasks/picture_memory.hpp"
#include "tasks/segmentation.hpp"
#include "trainer_record.hpp"
#include "trainer_small_encoder.hpp"
#include "trainer_support.hpp"
#include "wrapped_task.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace {

using namespace mirra;
using namespace mirra::trainer;
namespace fs = std::filesystem;
using Json = nlohmann::json;
using mirra::test::defaults_of;
using mirra::test::scratch;
using mirra::test::weights_of;

constexpr std::int32_t kExtent = 64;

/// Brushed metal: gray, with lines from top to bottom that lie elsewhere in each picture.
std::vector<std::uint8_t> brushed(std::uint64_t seed, std::int32_t extent = kExtent) {
    std::vector<std::uint8_t> out;
    for (std::int32_t y = 0; y < extent; ++y)
        for (std::int32_t x = 0; x < extent; ++x) {
            const auto line = mix(seed * 1000 + static_cast<std::uint64_t>(x)) % 24;
            const auto grain = mix(seed ^ static_cast<std::uint64_t>(y * extent + x) << 8) % 10;
            out.insert(out.end(), 3, static_cast<std::uint8_t>(100 + line + grain));
        }
    return out;
}

DefectPaster paster(double clean, bool variations = true) {
    std::vector<std::vector<std::uint8_t>> pictures;
    for (std::uint64_t i = 0; i < 4; ++i) pictures.push_back(brushed(i));
    return {std::move(pictures), kExtent, kExtent, {.clean = clean, .variations = variations}};
}

double marked(const PastedSample &sample) {
    return std::accumulate(sample.mask.begin(), sample.mask.end(), 0.0);
}

TEST(PastedDefects, AreTheSameForTheSameNumbersAndElseOthers) {
    const auto maker = paster(0);
    const auto one = maker.sample(1, 2, 3), same = paster(0).sample(1, 2, 3);
    EXPECT_EQ(one.picture.values, same.picture.values);
    EXPECT_EQ(one.mask, same.mask);
    for (const auto &other : {maker.sample(2, 2, 3), maker.sample(1, 3, 3), maker.sample(1, 2, 4)})
        EXPECT_NE(one.picture.values, other.picture.values);
}

TEST(PastedDefects, AreVisibleAndMostlySmall) {
    const auto maker = paster(0);
    std::vector<double> areas;
    for (std::uint64_t i = 0; i < 200; ++i) {
        const auto sample = maker.sample(5, i, 0);
        areas.push_back(marked(sample) / (kExtent * kExtent));
        for (const float value : sample.picture.values) ASSERT_TRUE(value >= 0 && value <= 1) << i;
    }
    std::ranges::sort(areas);
    EXPECT_GT(areas[10], 0) << "nearly every picture has one";
    EXPECT_LT(areas[100], 0.1);
    EXPECT_LT(areas.back(), 0.95);
}

TEST(PastedDefects, ChangeThePictureWhereTheMaskSaysSo) {
    const auto maker = paster(0);
    double inside = 0, outside = 0, in = 0, out = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const auto sample = maker.with_defect(1, seed);
        const auto good = brushed(1);
        for (std::size_t i = 0; i < sample.mask.size(); ++i) {
            const double change =
                std::abs(sample.picture.values[3 * i] - static_cast<float>(good[3 * i]) / 255.0F);
            (sample.mask[i] > 0 ? inside : outside) += change;
            ++(sample.mask[i] > 0 ? in : out);
        }
    }
    EXPECT_GT(inside / in, 0.05);
    EXPECT_LT(outside / out, 0.005) << "soft edges alone";
}

TEST(PastedDefects, AShareOfThePicturesStaysClean) {
    const auto half = paster(0.5), all = paster(1);
    int clean = 0;
    for (std::uint64_t i = 0; i < 200; ++i) {
        clean += marked(half.sample(3, i, 0)) == 0 ? 1 : 0;
        EXPECT_EQ(marked(all.sample(3, i, 0)), 0);
    }
    EXPECT_NEAR(clean, 100, 25);
    const auto plain = paster(1, false).sample(3, 0, 0);
    EXPECT_EQ(std::ranges::minmax(plain.picture.values).min, 100.0F / 255) << "as it was, maybe mirrored";
}

TEST(PastedDefects, OfAnEvenPictureAndOfATinyOne) {
    const DefectPaster even({std::vector<std::uint8_t>(3 * 32 * 32, 90)}, 32, 32, {.clean = 0});
    const DefectPaster wide({std::vector<std::uint8_t>(3 * 40 * 24, 200)}, 40, 24, {.clean = 0});
    double sum = 0;
    for (std::uint64_t i = 0; i < 50; ++i) sum += marked(even.sample(1, i, 0)) + marked(wide.sample(1, i, 0));
    EXPECT_GT(sum, 0);
}

TEST(PastedDefects, ComeFromNoMorePicturesThanMemoryHolds) {
    EXPECT_EQ(most_pictures(256), 4000);
    for (const std::int64_t extent : {32, 512, 1024, 2048}) {
        EXPECT_LE(most_pictures(extent) * 3 * extent * extent, std::int64_t{2} << 30);
        EXPECT_GE(most_pictures(extent), 100);
    }
}

TEST(PastedDefects, PicturesAreNormalisedByThemselves) {
    std::vector<float> values{1, 2, 3, 6};
    normalise_picture(values);
    EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0), 0, 1e-6);
    EXPECT_NEAR(std::inner_product(values.begin(), values.end(), values.begin(), 0.0), 4, 1e-5);
    std::vector<float> even(12, 0.3F);
    normalise_picture(even);
    EXPECT_EQ(even, std::vector<float>(12, 0.0F));
}

TEST(SegmentationLoss, IsSmallWhereTheMarksAreRight) {
    auto mask = torch::zeros({2, 64, 64});
    mask.index_put_({0, torch::indexing::Slice(10, 20), torch::indexing::Slice(5, 30)}, 1);
    const auto right = 16 * (mask.unsqueeze(1) - 0.5), wrong = -right;
    const auto small = segmentation_loss(right, mask), large = segmentation_loss(wrong, mask);
    EXPECT_LT(small.total().item<double>(), 0.01);
    EXPECT_GT(large.focal.item<double>(), 1);
    EXPECT_GT(large.dice.item<double>(), 0.9);
    EXPECT_GT(large.picture.item<double>(), 1);
    auto logits = torch::zeros({2, 1, 64, 64}, at::requires_grad());
    segmentation_loss(logits, mask).total().backward();
    EXPECT_TRUE(logits.grad().isfinite().all().item<bool>());
    EXPECT_LT(logits.grad()[0][0][15][15].item<double>(), 0);
    EXPECT_GT(logits.grad()[1][0][15][15].item<double>(), 0);
}

TEST(DefectSegmenter, KeepsTheSizeAndTakesAnyMultiple) {
    const auto graph = graph::defect_segmenter({8, 12, 16});
    EXPECT_EQ(graph::alignment(graph), 8);
    const auto shapes = graph::infer_shapes(graph, {{"normalised", {2, 3, 40, 64}}});
    EXPECT_EQ(shapes.at(graph.outputs.front().source), (graph::Shape{2, 1, 40, 64}));
    EXPECT_THROW(graph::defect_segmenter({}), Error);
    EXPECT_THROW(graph::defect_segmenter({8, 0}), Error);
    const auto parameters = graph::parameter_count(graph::defect_segmenter(SegmentationRecipe().channels));
    EXPECT_LT(parameters * 2, 12 << 20) << "a bundle in fp16 stays small";
}

TEST(DefectSegmenter, WithAMemoryComparesFourPlaces) {
    const graph::PictureMemory memory{.mean = std::vector<double>(28, 0.0),
                                      .deviation = std::vector<double>(28, 1.0),
                                      .codes = 5,
                                      .members = 7};
    const auto graph = graph::defect_segmenter({8, 12, 16}, memory);
    const auto shapes = graph::infer_shapes(graph, {{"normalised", {2, 3, 40, 64}}});
    std::map<std::string, graph::Shape> found;
    for (const auto &output : graph.outputs) found[output.name] = shapes.at(output.source);
    EXPECT_EQ(found.at("logits"), (graph::Shape{2, 1, 40, 64}));
    EXPECT_EQ(found.at("codes"), (graph::Shape{2, 5, 2, 2}));
    EXPECT_EQ(found.at("similarity"), (graph::Shape{2, 28, 2, 2}));
    EXPECT_THROW(graph::defect_segmenter({8, 12}, memory), Error) << "of another network";
}

TEST(Whitening, MakesFeaturesUncorrelatedAndOfOneLength) {
    torch::manual_seed(3);
    const auto mixed = torch::randn({2000, 6}, at::kDouble).mm(torch::randn({6, 6}, at::kDouble)) + 4;
    const auto whitening = whitening_of(mixed, 6);
    const auto codes = whitening.of(mixed);
    const auto covariance = codes.t().mm(codes) / 1999;
    const auto sizes = covariance.diagonal();
    EXPECT_LT((covariance - at::diag(sizes)).abs().max().item<double>(), 1e-9);
    EXPECT_LE(sizes.max().item<double>(), 1 / 0.9 + 1e-9);
    EXPECT_GT(sizes[5].item<double>(), 0.9) << "the strongest keeps its length";
    EXPECT_EQ(whitening_of(mixed, 2).matrix.size(0), 2);
    EXPECT_EQ(whitening_of(mixed.slice(0, 0, 4), 6).matrix.size(0), 3) << "four points span three directions";
    const auto even = whitening_of(torch::ones({20, 3}, at::kDouble), 64).of(torch::ones({20, 3}));
    EXPECT_TRUE(even.isfinite().all().item<bool>());
}

fs::path parts(const std::string &name, int count, std::uint64_t first = 0) {
    const fs::path folder = scratch() + "brushed-" + name;
    fs::create_directories(folder);
    for (int i = 0; i < count; ++i) {
        image::Image picture(kExtent, kExtent, 3, image::SampleType::u8);
        const auto pixels = brushed(first + static_cast<std::uint64_t>(i));
        std::ranges::transform(pixels, picture.bytes().begin(), [](auto value) { return std::byte{value}; });
        image::write(folder / (std::to_string(i) + ".png"), picture.view());
    }
    return folder;
}

/// The largest distance, as a share of their lengths, of a picture's codes to the nearest members of places
/// `shift` places on.
double farthest(GraphModule &network, const image::Image &picture, bool turned, std::int64_t shift) {
    auto x = torch::empty({1, picture.height(), picture.width(), 3});
    auto values = std::span(x.mutable_data_ptr<float>(), static_cast<std::size_t>(x.numel()));
    std::ranges::transform(picture.bytes(), values.begin(),
                           [](std::byte byte) { return static_cast<float>(byte) / 255.0F; });
    normalise_picture(values);
    x = x.permute({0, 3, 1, 2});
    const auto found = network.forward({{"normalised", turned ? x.flip({2, 3}) : x}});
    const auto codes = found.at("codes")[0].flatten(1), similarity = found.at("similarity")[0].flatten(1);
    const auto places = codes.size(1), members = similarity.size(0) / places;
    double most = 0;
    for (std::int64_t k = 0; k < places; ++k) {
        const auto of = ((turned ? places - 1 - k : k) + shift) % places;
        const auto square = codes.select(1, k).square().sum().item<double>();
        const auto near = similarity.slice(0, of * members, (of + 1) * members).select(1, k).max();
        most = std::max(most, (square - 2 * near.item<double>()) / square);
    }
    return most;
}

TEST(PictureMemory, HoldsEachPictureAtItsPlacesInBothLooks) {
    const torch::NoGradGuard no_grad;
    torch::manual_seed(4);
    const std::vector<std::int64_t> channels{4, 6, 8};
    GraphModule network(graph::defect_segmenter(channels), {});
    BundleContents contents;
    contents.weights = network.weights();
    const auto folder = parts("memory", 3);
    const PictureSet pictures(*open_unlabelled(folder.string(), Split::train), {});
    add_picture_memory(pictures, {.channels = channels, .extent = kExtent}, contents);
    GraphModule comparing(contents.manifest.graphs.at("segmenter"), {});
    comparing.load(contents.weights);
    comparing.eval();
    for (std::int64_t i = 0; i < 3; ++i)
        for (const bool turned : {false, true}) {
            const auto picture = pictures.original(i);
            EXPECT_LT(farthest(comparing, picture, turned, 0), 1e-3) << i << turned;
            EXPECT_GT(farthest(comparing, picture, turned, 1), 1e-2) << i << turned;
        }
}

TEST(PartOfScore, IsOneForATypicalPictureAndTakesNoNoiseForNews) {
    const auto part = part_of_score({1, std::exp(1.0), std::exp(2.0)}, {.value = 0.1, .spread = 0.05});
    EXPECT_NEAR(part.typical, std::exp(1.0), 1e-9);
    EXPECT_NEAR(part.power, 1, 1e-9);
    const auto even = part_of_score({1e-5, 2e-7, 0}, {.value = 0.01, .spread = 0.3});
    EXPECT_NEAR(even.typical, 0.01, 1e-9);
    EXPECT_NEAR(even.power, 1 / 0.3, 1e-9);
}

constexpr const char *kRecipe = R"(
[data]
extent = 64
batch = 4
padding = 1
[optimizer]
steps = 4
rate = 1e-3
[segmentation]
steps = 6
batch = 4
extent = 64
crop = 32
channels = [4, 8]
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

AnomalyCommand command_for(const std::string &name, const std::string &method) {
    auto command = test::run_command<AnomalyCommand>("segmentation-" + name, kRecipe, "parts.mirra");
    command.data = {parts("good", 28).string()};
    command.overrides["training.method"] = method;
    return command;
}

std::vector<std::string> graphs_of(const fs::path &path) {
    std::vector<std::string> out;
    const auto bundle = bundle::Bundle::open(path);
    for (const auto &[name, graph] : bundle->manifest().graphs) out.push_back(name);
    return out;
}

TEST(SegmentationTraining, NeedsNoEncoderAndMakesASmallBundle) {
    const auto command = command_for("alone", "auto");
    testing::internal::CaptureStdout();
    ASSERT_EQ(train_anomaly(command), 0);
    const auto text = testing::internal::GetCapturedStdout();
    EXPECT_NE(text.find("synthetic"), std::string::npos) << text;
    EXPECT_NE(text.find("the true rate may be anything from"), std::string::npos) << text;
    EXPECT_EQ(graphs_of(command.output), std::vector<std::string>{"segmenter"});
    const auto bundle = bundle::Bundle::open(command.output);
    EXPECT_EQ(bundle->manifest().task, "detect");
    EXPECT_EQ(bundle->manifest().architecture, "defect-segmenter");
    EXPECT_EQ(bundle->file().tensors().at("segmenter.down.1.conv1.weight").dtype, bundle::DType::f16);
    const auto defaults = defaults_of(command.output);
    EXPECT_EQ(defaults["method"], "segmentation");
    EXPECT_EQ(defaults["extent"], 64);
    EXPECT_EQ(defaults["segmentation_extent"], 64);
    EXPECT_GT(defaults["segmentation_threshold"], 0);
    EXPECT_FALSE(defaults.contains("layer"));
    for (const char *part : {"distance", "distance_power", "odds", "odds_power"})
        EXPECT_GT(defaults[std::string("segmentation_") + part], 0) << part;
    EXPECT_EQ(bundle->file().tensors().at("picture_memory.members.weight").shape[0], 4 * 2 * 18);
    const auto provenance = Json::parse(bundle->manifest().provenance);
    EXPECT_EQ(provenance["pictures"], 18);
    EXPECT_EQ(provenance["steps"], 6);
    const auto record = test::record_that_makes_the_run(command, add_anomaly_command);
    EXPECT_NE(record.command.find("--method auto"), std::string::npos) << record.command;
}

TEST(SegmentationTraining, AKilledRunEndsWithTheSameBundle) {
    for (const bool encoder : {false, true}) {
        auto whole = command_for("whole", "auto"), killed = command_for("killed", "auto");
        if (encoder) whole.encoder = killed.encoder = test::small_encoder("segmentation-encoder");
        ASSERT_EQ(train_anomaly(whole), 0);
        for (const std::int64_t last : {3, encoder ? 8 : 5}) {
            fs::remove_all(killed.output.parent_path() / "parts.mirra.run");
            fs::remove(killed.output);
            const RunOptions options{
                .folder = run_folder(killed), .checkpoint_every = 2, .checkpoint_interval = {}};
            const auto task = anomaly_task(killed);
            test::DyingTask dying(*task, last);
            EXPECT_THROW(run_training(dying, options), test::Died);
            ASSERT_EQ(exit_status(run_training(*anomaly_task(killed), options)), 0);
            EXPECT_EQ(weights_of(whole.output), weights_of(killed.output)) << last;
            EXPECT_EQ(defaults_of(whole.output), defaults_of(killed.output)) << last;
        }
    }
}

TEST(SegmentationTraining, WithAnEncoderAllMethodsAreMadeAndTheBestIsNamed) {
    auto command = command_for("all", "auto");
    command.encoder = test::small_encoder("segmentation-encoder");
    ASSERT_EQ(train_anomaly(command), 0);
    const auto defaults = defaults_of(command.output);
    for (const std::string method : {"segmentation", "feature_memory", "reconstruction", "latent_search"})
        EXPECT_GT(defaults[method + "_threshold"], 0) << method;
    EXPECT_NE(defaults["method"], "latent-search");
    EXPECT_TRUE(bundle::Bundle::open(command.output)->manifest().graphs.contains("segmenter"));
}

TEST(SegmentationTraining, AMemoryOfPicturesIsMadeAnewWithoutAnotherTraining) {
    auto command = command_for("pictures", "segmentation");
    ASSERT_EQ(train_anomaly(command), 0);
    const auto weights = weights_of(command.output);
    const auto members = [&] {
        const auto bundle = bundle::Bundle::open(command.output);
        const auto &tensors = bundle->file().tensors();
        const auto found = tensors.find("picture_memory.members.weight");
        return found == tensors.end() ? 0 : found->second.shape[0];
    };
    const auto score = [&] {
        AnomalyScorer::Options options;
        options.method = "segmentation";
        return AnomalyScorer(command.output, options).score(image::read(parts("good", 28) / "3.png"));
    };
    EXPECT_GT(score(), 0);
    command.overrides["memory.pictures"] = "5";
    ASSERT_EQ(train_anomaly(command), 0);
    EXPECT_EQ(members(), 4 * 2 * 5);
    command.overrides["memory.pictures"] = "0";
    ASSERT_EQ(train_anomaly(command), 0);
    EXPECT_EQ(members(), 0);
    EXPECT_FALSE(defaults_of(command.output).contains("segmentation_distance"));
    EXPECT_LT(score(), 1) << "a likelihood";
    for (const auto &[name, values] : weights_of(command.output)) EXPECT_EQ(values, weights.at(name)) << name;
}

TEST(SegmentationTraining, AMethodAloneIsMadeAlone) {
    auto command = command_for("memory", "feature-memory");
    command.encoder = test::small_encoder("segmentation-encoder");
    ASSERT_EQ(train_anomaly(command), 0);
    EXPECT_EQ(graphs_of(command.output), std::vector<std::string>{"memory"}) << "no generator";
    EXPECT_EQ(defaults_of(command.output)["method"], "feature-memory");
    const auto written = fs::last_write_time(command.output);
    ASSERT_EQ(train_anomaly(command), 0);
    EXPECT_EQ(fs::last_write_time(command.output), written) << "nothing is another";
    AnomalyScorer::Options options;
    options.method = "feature-memory";
    AnomalyScorer scorer(command.output, options);
    EXPECT_GT(scorer.score(image::read(parts("good", 28) / "3.png")), 0);

    auto drawing = command_for("drawing", "reconstruction");
    drawing.encoder = command.encoder;
    ASSERT_EQ(train_anomaly(drawing), 0);
    const auto graphs = graphs_of(drawing.output);
    EXPECT_EQ(std::ranges::count(graphs, "memory") + std::ranges::count(graphs, "segmenter"), 0);
}

TEST(SegmentationTraining, WhatCannotBeMadeIsRefusedWithTheOptionsName) {
    const auto refused = [](const AnomalyCommand &command) {
        return test::refusal(ErrorCode::invalid_argument, [&] { anomaly_task(command); });
    };
    for (const char *method : {"feature-memory", "reconstruction", "latent-search"}) {
        const auto said = refused(command_for("refused", method));
        EXPECT_NE(said.find(std::string("'") + method + "' needs an encoder (--encoder)"), std::string::npos)
            << said;
    }
    EXPECT_NE(refused(command_for("refused", "guessing")).find("training.method"), std::string::npos);
    auto command = command_for("refused", "segmentation");
    command.overrides["segmentation.steps"] = "0";
    EXPECT_NE(refused(command).find("segmentation.steps"), std::string::npos);
    command.overrides["training.method"] = "auto";
    EXPECT_NE(refused(command).find("--encoder"), std::string::npos);
    command = command_for("refused", "segmentation");
    for (const char *key : {"segmentation.extent", "segmentation.crop"}) {
        auto odd = command;
        odd.overrides[key] = "65";
        EXPECT_NE(refused(odd).find(key), std::string::npos) << refused(odd);
    }
    for (const auto &[channels, named] :
         {std::pair{"[8, 0]", "(segmentation.channels)"}, {"[100000, 8]", "(segmentation)"}}) {
        command.overrides["segmentation.channels"] = channels;
        EXPECT_NE(refused(command).find(named), std::string::npos) << refused(command);
    }
}

TEST(SegmentationTraining, ARateThatIsTooHighIsBlamedAndNoFile) {
    auto command = command_for("diverges", "segmentation");
    command.overrides["segmentation.rate"] = "1";
    command.overrides["segmentation.steps"] = "40";
    const auto said = test::refusal(ErrorCode::internal, [&] { train_anomaly(command); });
    for (const char *part : {"the training diverged", "(segmentation.rate)", "lower the learning rate"})
        EXPECT_NE(said.find(part), std::string::npos) << said;
    EXPECT_FALSE(fs::exists(command.output));
}

TEST(SegmentationTraining, AShortOneFindsDrawnDefects) {
    auto command = command_for("finds", "segmentation");
    command.overrides["segmentation.steps"] = "400";
    command.overrides["segmentation.batch"] = "8";
    command.overrides["segmentation.crop"] = "64";
    command.overrides["segmentation.rate"] = "1e-2";
    command.overrides["segmentation.channels"] = "[8, 12, 16]";
    command.overrides["segmentation.average_decay"] = "0.9";
    ASSERT_EQ(train_anomaly(command), 0);
    AnomalyScorer::Options options;
    options.method = "segmentation";
    options.heat = true;
    AnomalyScorer scorer(command.output, options);
    LabelledScores pictures, pixels;
    for (std::uint64_t i = 0; i < 24; ++i) {
        FloatPicture good{kExtent, kExtent, {}};
        for (const auto value : brushed(100 + i)) good.values.push_back(static_cast<float>(value) / 255.0F);
        const auto defect = add_defect(good, kDefectKinds[i % 3], i); // what is gray has no other colour
        const auto score = [&](const FloatPicture &picture) {
            const auto tensor = torch::tensor(picture.values).view({1, kExtent, kExtent, 3});
            return scorer.score(tensor.permute({0, 3, 1, 2}));
        };
        pictures.normal.push_back(score(good).scores.front());
        const auto found = score(defect.picture);
        pictures.anomalous.push_back(found.scores.front());
        add_pixels(found.heat.front(), defect.mask, pixels);
    }
    EXPECT_GT(auroc(pictures.normal, pictures.anomalous), 0.85);
    EXPECT_GT(auroc(pixels.normal, pixels.anomalous), 0.8);
}

TEST(Calibration, TheIntervalOfTheRateNarrowsWithThePictures) {
    const auto few = rate_interval(40, 0.01), many = rate_interval(400, 0.01);
    EXPECT_LT(few.low, 0.003);
    EXPECT_NEAR(few.high, 0.035, 0.012);
    EXPECT_GT(many.low, few.low);
    EXPECT_LT(many.high, few.high);
    EXPECT_LT(many.low, 0.01);
    EXPECT_GT(many.high, 0.01);
}

TEST(Calibration, APoorSeparationIsWarnedOf) {
    CalibratedMethod method{
        .name = "segmentation", .key = "segmentation", .calibration = {}, .normal = {}, .bad = {}};
    method.whole = {1, 2, 3, 4};
    const auto warned = [&](std::vector<double> defective) {
        method.defective = std::move(defective);
        testing::internal::CaptureStderr();
        warn_of_poor_separation({method});
        return testing::internal::GetCapturedStderr();
    };
    EXPECT_NE(warned({1, 2, 3, 5}).find("AUROC of 0.5"), std::string::npos);
    EXPECT_EQ(warned({5, 6, 7, 8}), "");
    method.normal = {1, 2};
    method.bad = {1, 2};
    EXPECT_NE(warned({5, 6, 7, 8}).find("the bad ones"), std::string::npos) << "what is real counts";
}

} // namespace
