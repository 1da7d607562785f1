// Evaluating anomaly detectors: synthetic defects, curves, the paper's figures, kept scores, the protocols.
#include "core/graph_module.hpp"
#include "core/random.hpp"
#include "eval/anomaly.hpp"
#include "eval/anomaly_comparison.hpp"
#include "eval/anomaly_defects.hpp"
#include "eval/anomaly_scoring.hpp"
#include "eval/evaluation.hpp"
#include "eval/paper.hpp"
#include "eval/similarity.hpp"
#include "eval/statistics.hpp"
#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "mirra/image.hpp"
#include "report/plot.hpp"
#include "report/sheet.hpp"
#include "report/table.hpp"
#include "tasks/anomaly.hpp"
#include "trainer_small_encoder.hpp"
#include "trainer_support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <numeric>
#include <ranges>
#include <set>
#include <span>
#include <stdexcept>

namespace {

using namespace mirra;
using namespace mirra::trainer;
namespace fs = std::filesystem;
using mirra::test::make_classes;
using mirra::test::make_pictures;
using mirra::test::refusal;
using mirra::test::scratch;
using mirra::test::text_of;

/// A round part with some texture on a plain ground.
FloatPicture part(std::int32_t width = 96, std::int32_t height = 80) {
    FloatPicture out{width, height, {}};
    for (std::int32_t y = 0; y < height; ++y)
        for (std::int32_t x = 0; x < width; ++x) {
            const bool inside = std::hypot(x - width / 2.0, y - height / 2.0) < 0.4 * height;
            for (int c = 0; c < 3; ++c)
                out.values.push_back(
                    static_cast<float>(inside ? 0.5 + 0.1 * std::sin(0.4 * x + 0.3 * y + c) : 0.85));
        }
    return out;
}

/// Pictures of which every second is anomalous; each detector sees that by so many deviations of its noise,
/// half of which both share.
PairedScores paired_scores(std::size_t count, double of, double reference) {
    PairedScores out;
    for (std::size_t i = 0; i < count; ++i) {
        CounterRandom random(3, i);
        const auto noise = [&] { // of deviation 1
            double sum = 0;
            for (int k = 0; k < 12; ++k) sum += random.uniform();
            return sum - 6;
        };
        const double shared = noise() * std::sqrt(0.5);
        const bool bad = i % 2 == 1;
        out.pictures.push_back(i);
        out.anomalous.push_back(bad);
        out.scores.push_back(shared + noise() * std::sqrt(0.5) + (bad ? of : 0));
        out.reference.push_back(shared + noise() * std::sqrt(0.5) + (bad ? reference : 0));
    }
    return out;
}

/// The error of a paired difference in closed form (DeLong, DeLong, Clarke-Pearson 1988).
double delong_error(const PairedScores &set) {
    double variance = 0;
    for (const bool anomalous : {false, true}) {
        Statistic placed;
        for (std::size_t i = 0; i < set.pictures.size(); ++i) {
            if (set.anomalous[i] != anomalous) continue;
            double sum = 0, others = 0;
            for (std::size_t j = 0; j < set.pictures.size(); ++j) {
                if (set.anomalous[j] == anomalous) continue;
                sum += (set.scores[j] < set.scores[i]) - (set.reference[j] < set.reference[i]);
                ++others;
            }
            placed.add(sum / others);
        }
        variance += std::pow(standard_error(placed), 2);
    }
    return std::sqrt(variance);
}

TEST(BootstrapDifference, HasTheErrorOfTheClosedForm) {
    const auto set = paired_scores(400, 1.0, 0.6);
    std::vector<std::int32_t> kinds;
    for (std::size_t i = 0; i < 400; ++i) kinds.push_back(static_cast<std::int32_t>(i % 2));
    const auto found = bootstrap_difference({set}, kinds);
    const double expected = delong_error(set);
    EXPECT_GT(expected, 0.01);
    EXPECT_NEAR(found.error / expected, 1, 0.1);
    LabelledScores of, reference;
    for (std::size_t i = 0; i < 400; ++i) {
        (set.anomalous[i] ? of.anomalous : of.normal).push_back(set.scores[i]);
        (set.anomalous[i] ? reference.anomalous : reference.normal).push_back(set.reference[i]);
    }
    EXPECT_NEAR(found.value, auroc(of.normal, of.anomalous) - auroc(reference.normal, reference.anomalous),
                1e-12);
    // Two sets of the same pictures are no more than one.
    EXPECT_NEAR(bootstrap_difference({set, set}, kinds).error, found.error, 1e-12);
}

TEST(BootstrapDifference, OfADetectorToItselfIsNothing) {
    auto set = paired_scores(50, 1, 1);
    set.reference = set.scores;
    const auto found = bootstrap_difference({set}, std::vector<std::int32_t>(50, 0));
    EXPECT_EQ(found.value, 0);
    EXPECT_EQ(found.error, 0);
}

TEST(BootstrapDifference, CountsTiesByHalves) {
    const PairedScores set{{0, 1, 2, 3}, {false, false, true, true}, {1, 1, 1, 1}, {2, 2, 1, 1}};
    EXPECT_EQ(bootstrap_difference({set}, {0, 0, 1, 1}).value, 0.5);
}

class EveryDefect : public testing::TestWithParam<DefectKind> {};

TEST_P(EveryDefect, IsTheSameForTheSameSeed) {
    const auto first = add_defect(part(), GetParam(), 7), second = add_defect(part(), GetParam(), 7);
    EXPECT_EQ(first.picture.values, second.picture.values);
    EXPECT_EQ(first.mask, second.mask);
    EXPECT_NE(first.mask, add_defect(part(), GetParam(), 8).mask);
}

TEST_P(EveryDefect, IsMarkedExactly) {
    const auto good = part();
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const auto defect = add_defect(good, GetParam(), seed);
        ASSERT_EQ(defect.mask.size() * 3, good.values.size());
        for (std::size_t pixel = 0; pixel < defect.mask.size(); ++pixel) {
            float change = 0;
            for (std::size_t c = 0; c < 3; ++c) {
                const float value = defect.picture.values[3 * pixel + c];
                ASSERT_TRUE(value >= 0 && value <= 1);
                change = std::max(change, std::abs(value - good.values[3 * pixel + c]));
            }
            ASSERT_EQ(defect.mask[pixel] != 0, change > 0) << "pixel " << pixel;
            ASSERT_TRUE(change == 0 || change > 2.0F / 255) << "not to be seen";
        }
        const auto share =
            static_cast<double>(std::ranges::count(defect.mask, 1)) / static_cast<double>(defect.mask.size());
        EXPECT_GE(share, 0.002) << "seed " << seed;
        EXPECT_LE(share, 0.15) << "seed " << seed;
    }
}

TEST_P(EveryDefect, ShowsOnAPlainPictureAsWell) {
    const FloatPicture plain{64, 64, std::vector<float>(std::size_t{64} * 64 * 3, 0.5F)};
    EXPECT_GT(std::ranges::count(add_defect(plain, GetParam(), 3).mask, 1), 4);
}

INSTANTIATE_TEST_SUITE_P(AnomalyEvaluation, EveryDefect, testing::ValuesIn(kDefectKinds));

TEST(AnomalyEvaluation, DefectsHaveNames) {
    std::set<std::string> names;
    for (const auto kind : kDefectKinds) names.insert(defect_name(kind));
    EXPECT_EQ(names, (std::set<std::string>{"scratch", "blob", "missing piece", "colour shift"}));
}

void expect_points(const std::vector<PlotPoint> &curve,
                   const std::vector<std::pair<double, double>> &expected) {
    ASSERT_EQ(curve.size(), expected.size());
    for (std::size_t i = 0; i < curve.size(); ++i) {
        EXPECT_DOUBLE_EQ(curve[i].x, expected[i].first) << i;
        EXPECT_DOUBLE_EQ(curve[i].y, expected[i].second) << i;
    }
}

TEST(AnomalyEvaluation, RocHasAPointAScoreAndTiesAreOneStep) {
    expect_points(roc_curve({.normal = {1, 2, 2, 3}, .anomalous = {4, 2}}),
                  {{0, 0}, {0, 0.5}, {0.25, 0.5}, {0.75, 1}, {1, 1}});
    EXPECT_TRUE(refusal(ErrorCode::invalid_argument, [] {
                    roc_curve({.normal = {1}, .anomalous = {}});
                }).starts_with("a curve needs normal and anomalous pictures"));
}

TEST(AnomalyEvaluation, MeanRocAveragesTruePositiveRates) {
    const std::vector<PlotPoint> perfect{{0, 0}, {0, 1}, {1, 1}}, worst{{0, 0}, {1, 0}, {1, 1}};
    const auto mean = mean_roc({perfect, worst});
    EXPECT_EQ(mean.front().y, 0);
    EXPECT_EQ(mean.back().y, 1);
    for (const auto &point : mean)
        if (point.x > 0 && point.x < 1) {
            EXPECT_DOUBLE_EQ(point.y, 0.5) << point.x;
        }
    EXPECT_DOUBLE_EQ(mean[1].x, 0);
    EXPECT_DOUBLE_EQ(mean[1].y, 0.5);
}

TEST(AnomalyEvaluation, ErrorOfAnAurocIsHanleyAndMcNeils) {
    // A = 0.893 of 51 and 58 pictures: by hand from the formula of 1982.
    EXPECT_NEAR(auroc_error(0.893, 58, 51), 0.0325, 1e-4);
    EXPECT_NEAR(auroc_error(0.5, 100, 100), std::sqrt((0.25 + 198 * (1.0 / 3 - 0.25)) / 1e4), 1e-12);
    EXPECT_EQ(auroc_error(1, 10, 10), 0);
}

TEST(AnomalyEvaluation, RatesCountScoresAboveTheThreshold) {
    const auto rates = rates_above(2, {.normal = {1, 2, 2.5, 3}, .anomalous = {2, 3}});
    EXPECT_DOUBLE_EQ(rates.false_positive, 0.5);
    EXPECT_DOUBLE_EQ(rates.true_positive, 0.5);
}

const std::vector<std::string> kCifar10{"airplane", "automobile", "bird",  "cat",  "deer",
                                        "dog",      "frog",       "horse", "ship", "truck"};

TEST(AnomalyEvaluation, PaperMeansOfCifar10AreThoseOfItsRows) {
    PaperAuroc sum{};
    for (const auto &name : kCifar10) {
        const auto figure = paper_anomaly(kCifar10, name);
        ASSERT_TRUE(figure) << name;
        sum.standard += figure->standard / 10;
        sum.robust += figure->robust / 10;
        sum.adgan += figure->adgan / 10;
    }
    const auto mean = paper_anomaly_mean(kCifar10);
    ASSERT_TRUE(mean);
    EXPECT_NEAR(sum.standard, mean->standard, 6e-4);
    EXPECT_NEAR(sum.robust, mean->robust, 6e-4);
    EXPECT_NEAR(sum.adgan, mean->adgan, 6e-4);
    EXPECT_EQ(paper_anomaly_note(kCifar10), "");
    EXPECT_FALSE(paper_anomaly(kCifar10, "cow"));
}

/// The paper's rows: standard .481, .392, robust .649, .427, ADGAN .663, .481.
TEST(AnomalyEvaluation, PaperMeansOfCatsAndDogsContradictItsRowsAndANoteSaysSo) {
    const std::vector<std::string> classes{"cat", "dog"};
    const auto cat = paper_anomaly(classes, "cat"), dog = paper_anomaly(classes, "dog"),
               mean = paper_anomaly_mean(classes);
    ASSERT_TRUE(cat && dog && mean);
    EXPECT_NEAR((cat->standard + dog->standard) / 2, 0.4365, 1e-9);
    EXPECT_DOUBLE_EQ(mean->standard, 0.527);
    EXPECT_NEAR((cat->robust + dog->robust) / 2, mean->robust, 1e-9);
    EXPECT_EQ(paper_anomaly_note(classes), "The paper's means are not those of its rows (standard: printed "
                                           "0.527, rows 0.4365; ADGAN: printed 0.494, rows 0.5720).\n");
    EXPECT_FALSE(paper_anomaly({"cat", "cow"}, "cat"));
    EXPECT_EQ(paper_anomaly_note({"cat", "cow"}), "");
}

/// Scores a picture by its redness, and counts.
struct RedScorer {
    int batches = 0, pictures = 0;
    std::vector<double> operator()(const torch::Tensor &batch) {
        ++batches;
        pictures += static_cast<int>(batch.size(0));
        const auto means = batch.mean({2, 3}).to(at::kDouble);
        std::vector<double> out;
        for (std::int64_t i = 0; i < batch.size(0); ++i)
            out.push_back(means[i][0].item<double>() / means[i][2].item<double>());
        return out;
    }
};

std::shared_ptr<PictureSet> two_classes(const std::string &name, int count) {
    return std::make_shared<PictureSet>(std::vector{make_classes(name, count).string()}, Split::train,
                                        PictureSet::Options{});
}

TEST(ComparisonLines, CountAPictureOnceInAllSets) {
    const auto pictures = two_classes("compared", 12);
    const double lost = std::numeric_limits<double>::quiet_NaN();
    std::vector<AnomalyMeasurement> measurements;
    for (const std::string model : {"std", "ar"})
        for (const std::int32_t normal : {0, 1}) {
            const auto set = std::make_shared<const AnomalySet>(AnomalySet::one_class(pictures, normal, 0));
            AnomalyMeasurement one{
                .model = model, .class_name = "", .method = "reconstruction", .robust = {}};
            for (std::size_t i = 0; i < set->size(); ++i) {
                CounterRandom random(7, mix(static_cast<std::uint64_t>(model == "ar")), i);
                const bool unreadable =
                    model == "ar" && set->key(i) == AnomalySet::one_class(pictures, 0, 0).key(0);
                const double step = model == "ar" && set->anomalous(i) ? 5 : 0;
                one.scores.push_back(unreadable ? lost : step + random.uniform());
            }
            one.set = set;
            measurements.push_back(std::move(one));
        }
    const auto lines = comparison_lines(measurements);
    EXPECT_THAT(lines, testing::HasSubstr("ar, reconstruction less std: +"));
    EXPECT_THAT(lines, testing::HasSubstr("paired over 2 classes"));
    EXPECT_THAT(lines, testing::HasSubstr("paired over 23 pictures (bootstrap)\n"));
    EXPECT_EQ(std::ranges::count(lines, '\n'), 2);
}

TEST(AnomalyEvaluation, HalfOfThePicturesAreNormal) {
    const auto set = AnomalySet::one_class(two_classes("half", 12), 1, 10);
    ASSERT_EQ(set.size(), 10U);
    std::set<std::string> keys;
    for (std::size_t i = 0; i < set.size(); ++i) {
        EXPECT_EQ(set.anomalous(i), set.label(i) == "blue"); // the labels are in the order of the names
        keys.insert(set.key(i));
    }
    EXPECT_EQ(keys.size(), set.size());
    EXPECT_EQ(std::ranges::count_if(std::views::iota(std::size_t{0}, set.size()),
                                    [&](std::size_t i) { return set.anomalous(i); }),
              5);
    EXPECT_EQ(AnomalySet::one_class(two_classes("half", 12), 1, 0).size(), 24U);
    const auto picture = set.get(0, 20);
    ASSERT_TRUE(picture);
    EXPECT_EQ(picture->width, 20);
    EXPECT_EQ(to_tensor({*picture, *picture}).sizes(), (std::vector<std::int64_t>{2, 3, 20, 20}));
}

TEST(AnomalyEvaluation, ScoresAreKeptAndTakenFromThere) {
    const auto pictures = two_classes("kept", 8);
    const auto set = AnomalySet::one_class(pictures, 0, 8);
    const fs::path file = scratch() + "kept.csv";
    const ScoringRun run{.extent = 16, .batch = 3, .name = "test"};
    RedScorer scorer;
    KeptScores kept(file, "bundle a");
    const auto first = score_pictures(set, kept, std::ref(scorer), run);
    EXPECT_EQ(scorer.pictures, 8);
    EXPECT_EQ(scorer.batches, 3);
    const auto scores = labelled(set, first);
    EXPECT_GT(*std::ranges::min_element(scores.anomalous), *std::ranges::max_element(scores.normal));

    RedScorer again;
    KeptScores same(file, "bundle a");
    EXPECT_EQ(score_pictures(set, same, std::ref(again), run), first);
    EXPECT_EQ(again.pictures, 0);
    KeptScores grown(file, "bundle a");
    EXPECT_EQ(score_pictures(AnomalySet::one_class(pictures, 0, 16), grown, std::ref(again), run).size(),
              16U);
    EXPECT_EQ(again.pictures, 8) << "only the new ones";

    RedScorer other;
    KeptScores changed(file, "bundle b");
    score_pictures(set, changed, std::ref(other), run);
    EXPECT_EQ(other.pictures, 8) << "the settings are others";
}

TEST(AnomalyEvaluation, AnInterruptedScoringGoesOn) {
    const auto set = AnomalySet::one_class(two_classes("interrupted", 8), 0, 16);
    const fs::path file = scratch() + "interrupted.csv";
    const ScoringRun run{.extent = 16, .batch = 4, .name = "test"};
    RedScorer scorer;
    const auto dies = [&](const torch::Tensor &batch) {
        if (scorer.batches == 2) throw std::runtime_error("died");
        return scorer(batch);
    };
    KeptScores kept(file, "bundle");
    EXPECT_THROW(score_pictures(set, kept, dies, run), std::runtime_error);
    RedScorer rest;
    KeptScores resumed(file, "bundle");
    const auto scores = score_pictures(set, resumed, std::ref(rest), run);
    EXPECT_EQ(rest.pictures, 8);
    RedScorer all;
    KeptScores none({}, "");
    EXPECT_EQ(scores, score_pictures(set, none, std::ref(all), run));
}

TEST(AnomalyEvaluation, ADamagedFileOfScoresIsPassedOver) {
    const fs::path file = scratch() + "damaged.csv";
    std::ofstream(file) << "# bundle\npicture,score\n1,0.5\n2,half\nthree\n4,0.25x\n";
    const KeptScores kept(file, "bundle");
    EXPECT_EQ(kept.find("1"), 0.5);
    EXPECT_FALSE(kept.find("2"));
    EXPECT_FALSE(kept.find("4"));
}

TEST(AnomalyEvaluation, AFolderOfScoresThatAnotherEvaluationRemovedIsMadeAgain) {
    const fs::path folder = scratch() + "removed-work";
    fs::remove_all(folder);
    KeptScores kept(folder / "kept.csv", "bundle");
    kept.add("1", 0.5);
    kept.save();
    EXPECT_EQ(KeptScores(folder / "kept.csv", "bundle").find("1"), 0.5);
}

TEST(AnomalyEvaluation, BrokenPicturesHaveNoScore) {
    const auto good = make_pictures("good-parts", 4, 24, 20), bad = make_pictures("bad-parts", 3, 20, 24);
    std::ofstream(good / "picture2.png") << "broken";
    const auto open = [](const fs::path &folder) {
        return std::make_shared<PictureSet>(
            std::vector{folder.string()}, Split::train,
            PictureSet::Options{.side = 0, .cache_bytes = 0, .labelled = false});
    };
    const auto set = AnomalySet::good_and_bad(open(good), open(bad), 0);
    ASSERT_EQ(set.size(), 7U);
    RedScorer scorer;
    KeptScores none({}, "");
    const auto scores = score_pictures(set, none, std::ref(scorer), {.extent = 16, .batch = 4, .name = "t"});
    EXPECT_EQ(std::ranges::count_if(scores, [](double score) { return std::isnan(score); }), 1);
    EXPECT_EQ(labelled(set, scores).normal.size(), 3U);
    EXPECT_EQ(labelled(set, scores).anomalous.size(), 3U);
}

bundle::Manifest encoder_manifest(const std::string &provenance) {
    bundle::Manifest manifest;
    manifest.provenance = provenance;
    return manifest;
}

TEST(AnomalyEvaluation, SaysWhatTheEncoderWasTrainedOn) {
    const auto line = [](const std::string &provenance, const std::string &data) {
        return origin_line("enc", encoder_origin(encoder_manifest(provenance)), data, {"cat", "dog"});
    };
    const auto other = line(R"({"data": ["imagenette224/train"], "classes": ["n01", "n02"],
        "recipe_text": "[adversary]\nkind = 'pgd'\nepsilon = 1.5\n"})",
                            "photos/catsdogs");
    EXPECT_NE(other.find("l2 1.5 on imagenette224/train with the labels of 2 classes"), std::string::npos);
    EXPECT_NE(other.find("none of it is evaluated"), std::string::npos) << other;
    for (const auto *data : {"photos/catsdogs", "catsdogs/", "./catsdogs"})
        EXPECT_NE(line(R"({"data": ["catsdogs/train"]})", data).find("THE EVALUATED SET"), std::string::npos)
            << data;
    EXPECT_NE(line(R"({"data": ["cifar10"]})", "cifar10:anywhere").find("THE EVALUATED SET"),
              std::string::npos);
    EXPECT_NE(line(R"({"data": ["pets"], "classes": ["dog", "fish"]})", "catsdogs").find("EVALUATED CLASSES"),
              std::string::npos);
    for (const auto *odd : {"{}", R"({"encoder": 1})", R"({"encoder": {"norm": 2, "epsilon": "much"}})"})
        EXPECT_NE(line(odd, "catsdogs").find("does not say"), std::string::npos) << odd;
}

TEST(AnomalyEvaluation, ColourMapsRiseInBrightness) {
    const auto picture = color_map(torch::linspace(0, 1, 64).reshape({1, 64}), 0, 1);
    ASSERT_EQ(picture.width, 64);
    double before = -1;
    for (std::size_t i = 0; i < 64; ++i) {
        const double light = 0.2126 * picture.values[3 * i] + 0.7152 * picture.values[3 * i + 1] +
                             0.0722 * picture.values[3 * i + 2];
        EXPECT_GE(light, before - 0.01) << i;
        before = light;
    }
    const auto flat = color_map(torch::zeros({2, 2}), 0, 0);
    EXPECT_EQ(flat.values.size(), 12U);
}

TEST(AnomalyEvaluation, WritesPicturesOfScores) {
    const fs::path roc = scratch() + "roc.png", histogram = scratch() + "histogram.png",
                   gallery = scratch() + "gallery.png";
    const Plot curve{.title = "ROC",
                     .x_label = "false",
                     .y_label = "true",
                     .series = {{.name = "a", .points = {{0, 0}, {0.2, 0.7}, {1, 1}}, .dotted = false}},
                     .rates = true};
    write_plots(roc, {curve});
    const auto scores = score_histogram("a", {{1, 1.5, 2}, {2, 3}}, 2.2);
    EXPECT_NEAR(std::accumulate(scores.bars.at(0).heights.begin(), scores.bars[0].heights.end(), 0.0), 1,
                1e-12);
    EXPECT_EQ(std::ranges::count(scores.bars[0].heights, 1.0 / 3), 3) << "each score in a bin of its own";
    EXPECT_NEAR(scores.threshold.value(), std::log10(2.2), 1e-12);
    write_plots(histogram, {scores, scores, scores}, 2);
    write_gallery(gallery, {{.title = "row", .cells = {{"wide", part(300, 100)}, {"small", part(20, 20)}}}},
                  96);
    for (const auto &path : {roc, histogram, gallery}) EXPECT_GT(image::read(path).width(), 150) << path;
    EXPECT_EQ(image::read(histogram).width(), 2 * image::read(roc).width()) << "two panels side by side";
    EXPECT_TRUE(refusal(ErrorCode::invalid_argument, [] {
                    score_histogram("", {}, {});
                }).starts_with("no scores to count"));
    EXPECT_TRUE(refusal(ErrorCode::invalid_argument, [&] {
                    write_plots(roc, {Plot{}});
                }).starts_with("nothing to plot"));
    EXPECT_TRUE(
        refusal(ErrorCode::invalid_argument, [&] { write_plots(roc, {}); }).starts_with("nothing to plot"));
}

TEST(AnomalyEvaluation, CsvFieldsAreQuotedWhereNeeded) {
    EXPECT_EQ(csv_field("plain"), "plain");
    EXPECT_EQ(csv_field("a,\"b\""), "\"a,\"\"b\"\"\"");
}

constexpr const char *kRecipe = R"(
[data]
extent = 32
batch = 4
padding = 1
[optimizer]
steps = 4
[segmentation]
steps = 0
[memory]
members = 20
candidates = 200
[score]
iterations = 2
[validation]
every = 4
pictures = 4
[training]
precision = "fp32"
seed = 5
)";

fs::path make_encoder(const std::string &name, std::uint64_t seed = 3) {
    return test::small_encoder(
        name, R"({"data": ["photos/train"], "recipe_text": "[adversary]\nkind = 'none'\n"})", seed);
}

/// The settings of one class against the other, on few pictures, in a folder of its own.
AnomalyEvaluation one_vs_all_of(const std::string &name) {
    const fs::path folder = scratch() + name;
    fs::create_directories(folder);
    std::ofstream(folder / "recipe.toml") << kRecipe;
    make_classes(name + "/data/train", 24);
    make_classes(name + "/data/test", 6);
    AnomalyEvaluation out;
    out.data = (folder / "data").string();
    out.encoders = {make_encoder("enc")};
    out.recipe = folder / "recipe.toml";
    out.scoring.work = folder / "work";
    out.scoring.threads = 1;
    out.csv = folder / "table.csv";
    return out;
}

TEST(AnomalyProtocols, OneVsAllTrainsMeasuresAndResumes) {
    auto settings = one_vs_all_of("one-vs-all");
    settings.plot = scratch() + "one-vs-all/roc.png";
    settings.histogram = scratch() + "one-vs-all/histogram.png";
    settings.sheet = scratch() + "one-vs-all/hardest.png";
    ASSERT_EQ(evaluate_anomaly(settings), 0);
    const auto table = text_of(settings.csv);
    EXPECT_EQ(std::ranges::count(table, '\n'), 1 + 2 * 3 + 3) << table; // header, classes x methods, means
    for (const auto *row : {"enc,blue,latent-search,6,6,", "enc,red,reconstruction,6,6,",
                            "enc,red,feature-memory,6,6,", "enc,mean,latent-search,12,12,"})
        EXPECT_NE(table.find(row), std::string::npos) << row << " in " << table;
    for (const auto &path : {settings.plot, settings.histogram, settings.sheet})
        EXPECT_GT(image::read(path).width(), 300) << path;

    const auto bundle = settings.scoring.work / "enc-red.mirra";
    const auto kept = settings.scoring.work / "enc-red-latent-search.scores.csv";
    const auto trained = fs::last_write_time(bundle), scored = fs::last_write_time(kept);
    ASSERT_EQ(evaluate_anomaly(settings), 0);
    EXPECT_EQ(fs::last_write_time(bundle), trained);
    EXPECT_EQ(fs::last_write_time(kept), scored);
    EXPECT_EQ(text_of(settings.csv), table);

    settings.methods = {"reconstruction"};
    settings.classes = {"red"};
    fs::remove(settings.scoring.work / "enc-red-reconstruction.scores.csv");
    ASSERT_EQ(evaluate_anomaly(settings), 0);
    const auto again = text_of(settings.csv), row = again.substr(again.find("enc,red"), 40);
    EXPECT_NE(table.find(row.substr(0, row.find('\n'))), std::string::npos) << "the same scores anew";
    EXPECT_EQ(std::ranges::count(again, '\n'), 3) << again;

    settings.encoders = {make_encoder("enc", 4)};
    EXPECT_NE(refusal(ErrorCode::mismatch, [&] { evaluate_anomaly(settings); }).find("another encoder"),
              std::string::npos);
}

/// The bundle with some fields of its provenance taken out, as earlier versions wrote it.
void forget(const fs::path &path, const std::vector<std::string> &fields) {
    const auto bundle = bundle::Bundle::open(path);
    auto manifest = bundle->manifest();
    auto provenance = nlohmann::json::parse(manifest.provenance);
    for (const auto &field : fields) EXPECT_EQ(provenance.erase(field), 1U) << field;
    manifest.provenance = provenance.dump();
    rewrite_manifest(*bundle, manifest, path);
}

TEST(AnomalyProtocols, OneVsAllTakesNoDetectorOfAnotherTraining) {
    auto settings = one_vs_all_of("kept");
    settings.methods = {"reconstruction"};
    settings.classes = {"red"};
    ASSERT_EQ(evaluate_anomaly(settings), 0);
    const auto refused = [&](const std::string &what) {
        const auto said = refusal(ErrorCode::mismatch, [&] { evaluate_anomaly(settings); });
        EXPECT_NE(said.find(what), std::string::npos) << said;
        EXPECT_NE(said.find("enc-red.mirra"), std::string::npos) << said;
        EXPECT_NE(said.find("another --work"), std::string::npos) << said;
    };
    const auto own = settings;
    const auto others = one_vs_all_of("others").data;
    make_classes("others/data/train", 26);
    settings.data = others;
    refused("on other data: kept/data");
    settings = own;
    settings.steps = 5;
    refused("another recipe, or other --steps");
    settings = own;
    settings.train_count = 22;
    refused("--train-count 0");
    settings = own;
    std::ofstream(settings.recipe, std::ios::app) << "# a word\n";
    EXPECT_EQ(evaluate_anomaly(settings), 0) << "the recipe says the same";
    std::ofstream(settings.recipe, std::ios::app) << "[loss]\nkind = \"pix\"\n";
    refused("another recipe");
    std::ofstream(settings.recipe) << kRecipe;
    const auto bundle = settings.scoring.work / "enc-red.mirra";
    fs::copy(bundle, settings.scoring.work / "enc-blue.mirra");
    settings.classes = {"blue"};
    EXPECT_NE(refusal(ErrorCode::mismatch, [&] { evaluate_anomaly(settings); }).find("another class: red"),
              std::string::npos);

    settings = own;
    make_classes("kept/data/train", 25);
    refused("on other data");
    forget(bundle, {"data_fingerprint", "count"});
    EXPECT_EQ(evaluate_anomaly(settings), 0) << "what the manifest has agrees";
    settings.data = others;
    refused("on other data");
}

TEST(AnomalyProtocols, OneVsAllRefusesWhatItCannotDo) {
    auto settings = one_vs_all_of("refused");
    settings.classes = {"green"};
    EXPECT_NE(refusal(ErrorCode::invalid_argument, [&] { evaluate_anomaly(settings); }).find("blue, red"),
              std::string::npos);
    settings.classes.clear();
    const auto encoders = settings.encoders;
    settings.encoders.clear();
    EXPECT_NE(refusal(ErrorCode::invalid_argument, [&] { evaluate_anomaly(settings); }).find("--encoder"),
              std::string::npos);
    settings.encoders = {encoders[0], encoders[0]};
    EXPECT_NE(refusal(ErrorCode::invalid_argument, [&] { evaluate_anomaly(settings); }).find("two encoders"),
              std::string::npos);
    settings.encoders = {scratch() + "nowhere.mirra"};
    refusal(ErrorCode::not_found, [&] { evaluate_anomaly(settings); });
    settings.encoders = encoders;
    fs::remove_all(fs::path(settings.data) / "test" / "red");
    EXPECT_NE(refusal(ErrorCode::not_found, [&] { evaluate_anomaly(settings); }).find("two class folders"),
              std::string::npos);
    fs::remove_all(fs::path(settings.data) / "test");
    EXPECT_NE(refusal(ErrorCode::not_found, [&] { evaluate_anomaly(settings); }).find("for tests"),
              std::string::npos);
    EXPECT_FALSE(fs::exists(settings.scoring.work)) << "nothing was begun";
}

/// A detector of pictures of parts.
fs::path make_detector() {
    auto command = mirra::test::run_command<AnomalyCommand>("detector", kRecipe, "parts.mirra");
    command.encoder = make_encoder("enc");
    command.data = {make_pictures("parts-good", 24, 40, 36).string()};
    EXPECT_EQ(train_anomaly(command), 0);
    return command.output;
}

TEST(AnomalyProtocols, PartsAndDefectsOfADetector) {
    AnomalyEvaluation settings;
    settings.protocol = "parts";
    settings.bundle = make_detector();
    settings.good = make_pictures("parts-test", 8, 40, 36);
    settings.bad = make_classes("parts-bad", 4);
    settings.scoring.threads = 1;
    settings.csv = scratch() + "parts.csv";
    settings.plot = scratch() + "parts.png";
    ASSERT_EQ(evaluate_anomaly(settings), 0);
    const auto parts = text_of(settings.csv);
    EXPECT_EQ(std::ranges::count(parts, '\n'), 4) << parts;
    EXPECT_NE(parts.find("parts,feature-memory,8,8,"), std::string::npos) << parts;
    EXPECT_EQ(parts.find(",,\n"), std::string::npos) << "the threshold is there: " << parts;
    std::ofstream(settings.good / "picture3.png") << "broken";
    EXPECT_EQ(evaluate_anomaly(settings), 1);
    EXPECT_NE(text_of(settings.csv).find("parts,feature-memory,7,8,"), std::string::npos);

    settings.protocol = "defects";
    settings.data = make_pictures("defects-test", 5, 40, 36).string();
    settings.count = 4;
    settings.sheet = scratch() + "defects.png";
    ASSERT_EQ(evaluate_anomaly(settings), 0);
    const auto defects = text_of(settings.csv);
    EXPECT_EQ(std::ranges::count(defects, '\n'), 1 + 5 * 3) << defects; // kinds and their mean x methods
    EXPECT_NE(defects.find("colour shift,reconstruction,4,"), std::string::npos) << defects;
    EXPECT_GT(image::read(settings.sheet).height(), 400);
    const auto result = evaluate_defects(settings);
    EXPECT_EQ(result.sheet.size(), 4U * 4) << "every picture of every kind";
    for (const auto &row : result.sheet) EXPECT_EQ(row.size(), 2U + 3);
    EXPECT_EQ(result.sheet[0][0].caption, "scratch");
    EXPECT_EQ(result.sheet[4][0].caption, "blob");
    settings.scoring.batch = 3;
    const auto batches = evaluate_defects(settings);
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
        EXPECT_NEAR(result.rows[i].image.value, batches.rows[i].image.value, 1e-9) << result.rows[i].kind;
        EXPECT_NEAR(result.rows[i].pixel.value, batches.rows[i].pixel.value, 1e-3) << result.rows[i].kind;
    }
    for (std::size_t i = 0; i < result.sheet.size(); ++i)
        EXPECT_EQ(result.sheet[i][0].picture.values, batches.sheet[i][0].picture.values) << i;
}

TEST(AnomalyEvaluation, ThePixelsAurocComparesTheMapWithTheMask) {
    constexpr std::int64_t kHeight = 6, kWidth = 6;
    const auto asymmetric = torch::zeros({kHeight, kWidth});
    asymmetric.slice(0, 1, 2).fill_(1); // one line
    std::vector<std::uint8_t> mask;
    for (const auto value : std::span(asymmetric.const_data_ptr<float>(), kHeight * kWidth))
        mask.push_back(value != 0);
    const auto area = [&](const torch::Tensor &heat) {
        LabelledScores pixels;
        add_pixels(heat, mask, pixels);
        EXPECT_EQ(pixels.anomalous.size(), 6U);
        EXPECT_EQ(pixels.normal.size(), 30U);
        return auroc(pixels.normal, pixels.anomalous);
    };
    EXPECT_EQ(area(asymmetric), 1);
    EXPECT_EQ(area(1 - asymmetric), 0);
    EXPECT_EQ(area(torch::ones({kHeight, kWidth})), 0.5);
    // Of the six pixels one is hot, as are five of the thirty others.
    EXPECT_NEAR(area(asymmetric.t()), 0.5, 1e-12);
    LabelledScores pixels;
    EXPECT_TRUE(refusal(ErrorCode::internal, [&] {
                    add_pixels(torch::zeros({5, 5}), mask, pixels);
                }).starts_with("a heat map and its mask differ in size"));
}

TEST(AnomalyProtocols, RefuseBundlesOfOtherTasksAndMissingOptions) {
    AnomalyEvaluation settings;
    settings.protocol = "parts";
    EXPECT_NE(refusal(ErrorCode::invalid_argument, [&] { evaluate_anomaly(settings); }).find("--bundle"),
              std::string::npos);
    settings.bundle = make_encoder("other-task");
    settings.good = make_pictures("other-good", 2, 20, 20);
    EXPECT_NE(refusal(ErrorCode::invalid_argument, [&] { evaluate_anomaly(settings); }).find("--bad"),
              std::string::npos);
    settings.bad = settings.good;
    EXPECT_NE(
        refusal(ErrorCode::mismatch, [&] { evaluate_anomaly(settings); }).find("no bundle of an anomaly"),
        std::string::npos);
    settings.protocol = "defects";
    settings.data = settings.good.string();
    refusal(ErrorCode::mismatch, [&] { evaluate_anomaly(settings); });
}

TEST(AnomalyProtocols, FoldersWithoutPicturesAreNamedByTheirOption) {
    AnomalyEvaluation settings;
    settings.protocol = "parts";
    settings.bundle = make_detector();
    const fs::path empty = scratch() + "no-pictures";
    fs::create_directories(empty);
    settings.good = make_pictures("some-good", 2, 20, 20);
    for (const auto &folder : {empty, empty / "nowhere"}) {
        settings.bad = folder;
        EXPECT_NE(refusal(ErrorCode::not_found, [&] { evaluate_anomaly(settings); }).find("with --bad"),
                  std::string::npos);
    }
    std::swap(settings.good, settings.bad);
    EXPECT_NE(refusal(ErrorCode::not_found, [&] { evaluate_anomaly(settings); }).find("with --good"),
              std::string::npos);
}

TEST(AnomalyProtocols, MethodsAreThoseOfTheDetector) {
    DetectorInfo detector;
    detector.methods = {"latent-search", "reconstruction"};
    EXPECT_EQ(methods_of(detector, {}), detector.methods);
    EXPECT_EQ(methods_of(detector, {"reconstruction"}), (std::vector<std::string>{"reconstruction"}));
    refusal(ErrorCode::invalid_argument, [&] { methods_of(detector, {"guessing"}); });
    refusal(ErrorCode::mismatch, [&] { methods_of(detector, {"feature-memory"}); });
}

} // namespace
