// The anomaly detector: scores against a computation of their own, batches, heat maps, verdicts, errors.
#include "anomaly_support.hpp"

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

constexpr const char *kMethods[] = {"latent-search", "reconstruction", "feature-memory", "segmentation"};

class PluginAnomaly : public OverRuntimes {
  protected:
    Detector detector(const char *method, std::uint64_t memory_limit = 0) {
        Detector detector(engine_, bundle_, memory_limit);
        detector.set("method", method).set("iterations", "8").set("rate", "0.5");
        return detector;
    }

    std::shared_ptr<Engine> engine_ = inverter_engine(GetParam());
    Bundle bundle_ = make_anomaly();
    Reference reference_{engine_, bundle_};
    std::unique_ptr<Floats> image_ = picture(kExtent, kExtent);
};
INSTANTIATE_TEST_SUITE_P(Runtimes, PluginAnomaly, ::testing::ValuesIn(all_runtimes()), runtime_name);

void expect_close(double expected, double found, double relative = 1e-4) {
    EXPECT_NEAR(expected, found, relative * std::abs(expected));
}

double sum(const std::vector<float> &values) {
    double total = 0;
    for (const float value : values) total += value;
    return total;
}

TEST_P(PluginAnomaly, ReconstructionIsTheLossOfWhatTheGeneratorMakes) {
    const auto x = planes_of({image_.get()});
    const double expected = reference_.losses(reference_.generate(reference_.encode(x)), x).front();
    ASSERT_GT(expected, 0.1);
    const Detection detection = detector("reconstruction").detect(*image_);
    expect_close(expected, detection.real("score"));
    EXPECT_EQ(detection.text("method"), "reconstruction");
    const double other = reference_.losses(reference_.generate(reference_.encode(x)), x, 3, 0.5).front();
    Detector weighed = detector("reconstruction");
    expect_close(other,
                 weighed.set("pixel_weight", "3").set("feature_weight", "0.5").detect(*image_).real("score"));
}

TEST_P(PluginAnomaly, AMemoryScoresTheFarthestOfThePlaces) {
    const auto x = planes_of({image_.get()});
    const auto patches = reference_.run("memory", "image", {1, 3, kExtent, kExtent}, x, "patches");
    const auto members = anomaly_weights(anomaly_graphs()).at("memory.weight").values;
    const std::size_t places = patches.size() / kLowChannels;
    double farthest = 0;
    for (std::size_t i = 0; i < places; ++i) {
        double nearest = 1e30;
        for (std::size_t k = 0; k < kMembers; ++k) {
            double square = 0;
            for (std::size_t c = 0; c < kLowChannels; ++c)
                square += std::pow(patches[c * places + i] - members[k * kLowChannels + c], 2);
            nearest = std::min(nearest, square);
        }
        farthest = std::max(farthest, std::sqrt(nearest));
    }
    const Detection detection = detector("feature-memory").detect(*image_);
    expect_close(farthest, detection.real("score"));
    const auto heat = detection.tensor("heat");
    EXPECT_LE(*std::max_element(heat.begin(), heat.end()), farthest * 1.0001) << "distances";
}

/// Less their mean, divided by their standard deviation.
std::vector<float> normalised(std::vector<float> values) {
    const double mean = sum(values) / static_cast<double>(values.size());
    double squares = 0;
    for (const float value : values) squares += (value - mean) * (value - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(values.size()));
    for (float &value : values) value = static_cast<float>((value - mean) / deviation);
    return values;
}

TEST_P(PluginAnomaly, ASegmentationLooksTwiceAtTheNormalisedPicture) {
    auto x = normalised(planes_of({image_.get()}));
    const std::vector<std::int64_t> shape{1, 3, kExtent, kExtent};
    const auto logits = reference_.run("segmenter", "normalised", shape, x, "logits");
    constexpr auto kPlane = kExtent * kExtent;
    for (auto channel = x.begin(); channel != x.end(); channel += kPlane)
        std::reverse(channel, channel + kPlane); // half a turn
    auto turned = reference_.run("segmenter", "normalised", shape, x, "logits");
    std::ranges::reverse(turned);
    const Detection detection = detector("segmentation").detect(*image_);
    const auto heat = detection.tensor("heat");
    ASSERT_EQ(heat.size(), logits.size());
    float most = 0;
    for (std::size_t i = 0; i < heat.size(); ++i) {
        const float expected = 1 / (1 + std::exp(-(logits[i] + turned[i]) / 2));
        EXPECT_NEAR(heat[i], expected, 1e-4);
        most = std::max(most, expected);
    }
    expect_close(most, detection.real("score")); // of so few pixels one in a thousand is one
    EXPECT_EQ(detection.text("method"), "segmentation");
}

TEST_P(PluginAnomaly, ASegmentationIsOfTheSameMindInAnotherLight) {
    auto darker = picture(kExtent, kExtent);
    for (float &sample : darker->samples) sample = 0.1F + 0.6F * sample;
    expect_close(detector("segmentation").detect(*image_).real("score"),
                 detector("segmentation").detect(*darker).real("score"), 1e-3);
}

TEST_P(PluginAnomaly, ASegmentationHasASizeOfItsOwn) {
    AnomalyKind kind;
    kind.defaults = R"({"layer": "deep", "extent": 16, "segmentation_extent": 24})";
    const Bundle bundle = make_anomaly(kind);
    Detector detector(engine_, bundle);
    EXPECT_EQ(detector.set("method", "segmentation").detect(*image_).tensor("heat").size(), 24U * 24U);
    EXPECT_EQ(detector.set("method", "feature-memory").detect(*image_).tensor("heat").size(), 16U * 16U);
}

AnomalyKind comparing_kind(std::string defaults = kComparing) {
    AnomalyKind kind;
    kind.graphs = {{"segmenter", comparing_segmenter()}};
    kind.defaults = std::move(defaults);
    return kind;
}

constexpr std::size_t kPlaces = 4;

/// The mean of the places' distances to the nearest of their own members.
double mean_distance(const std::vector<float> &codes, const std::vector<float> &members, bool turned) {
    double sum = 0;
    for (std::size_t place = 0; place < kPlaces; ++place) {
        const std::size_t of = turned ? kPlaces - 1 - place : place;
        double nearest = 1e30;
        for (std::size_t k = 0; k < kPictureMembers; ++k) {
            double square = 0;
            for (std::size_t c = 0; c < kCodes; ++c)
                square += std::pow(
                    codes[c * kPlaces + place] - members[(of * kPictureMembers + k) * kCodes + c], 2);
            nearest = std::min(nearest, square);
        }
        sum += std::sqrt(nearest);
    }
    return sum / kPlaces;
}

TEST_P(PluginAnomaly, ASegmentationWithAMemoryAddsTheDistanceToTheOddsOfItsMarks) {
    const AnomalyKind kind = comparing_kind();
    const Bundle bundle = make_anomaly(kind);
    const Reference reference{engine_, bundle};
    const auto members = anomaly_weights(kind.graphs).at("picture_memory.members.weight").values;
    auto x = normalised(planes_of({image_.get()}));
    const std::vector<std::int64_t> shape{1, 3, kExtent, kExtent};
    double distance = 0;
    for (const bool turned : {false, true}) {
        const auto codes = reference.run("segmenter", "normalised", shape, x, "codes");
        ASSERT_EQ(codes.size(), kCodes * kPlaces);
        distance += mean_distance(codes, members, turned) / 2;
        for (auto channel = x.begin(); channel != x.end(); channel += kExtent * kExtent)
            std::reverse(channel, channel + kExtent * kExtent);
    }
    Detector detector(engine_, bundle);
    const Detection detection = detector.detect(*image_);
    const auto heat = detection.tensor("heat");
    const double most = *std::ranges::max_element(heat), odds = most / (1 - most);
    ASSERT_GT(distance, 0.1);
    expect_close(std::pow(distance / 0.8, 3) + std::pow(odds / 0.25, 1.5), detection.real("score"), 1e-3);
}

TEST_P(PluginAnomaly, AMemoryOfPicturesJudgesABatchAndKeepsToItsMemory) {
    const Bundle bundle = make_anomaly(comparing_kind());
    const auto second = picture(kExtent, kExtent, 2);
    Values batch({1, 3, kExtent, kExtent}, planes_of({second.get()}));
    const auto scores = Detector(engine_, bundle).detect(*image_, {.batch = batch.get()}).tensor("scores");
    ASSERT_EQ(scores.size(), 2U);
    expect_close(Detector(engine_, bundle).detect(*image_).real("score"), scores[0]);
    expect_close(Detector(engine_, bundle).detect(*second).real("score"), scores[1]);
    const auto large = picture(200, 150);
    const std::uint64_t needed = Detector(engine_, bundle, 1).plan(200, 150).required_bytes;
    Detector(engine_, bundle, needed - 1).refuse(MIRRA_E_BUDGET, *large, {.tensors = false});
    Detector(engine_, bundle, needed).detect(*large, {.tensors = false});
}

/// The image with the same alpha everywhere.
std::unique_ptr<Floats> with_alpha(const Floats &image, float alpha) {
    auto out = std::make_unique<Floats>(kExtent, kExtent, MIRRA_COLOR_RGBA, MIRRA_FORMAT_F32);
    for (std::size_t i = 0; i < kExtent * kExtent; ++i) {
        for (std::size_t c = 0; c < 3; ++c) out->samples[4 * i + c] = image.samples[3 * i + c];
        out->samples[4 * i + 3] = alpha;
    }
    return out;
}

TEST_P(PluginAnomaly, AMemoryOfPicturesOverlooksWhatIsHidden) {
    std::string defaults = kComparing;
    defaults.replace(defaults.find("1.5}"), 3, "0"); // the marks count as one
    const Bundle bundle = make_anomaly(comparing_kind(defaults));
    Detector detector(engine_, bundle);
    const double opaque = detector.detect(*with_alpha(*image_, 1)).real("score");
    ASSERT_GT(opaque, 1.01);
    expect_close(opaque, detector.detect(*with_alpha(*image_, 0.5F)).real("score"), 1e-3);
    EXPECT_FLOAT_EQ(static_cast<float>(detector.detect(*with_alpha(*image_, 0)).real("score")), 1);
}

TEST_P(PluginAnomaly, TheMiddleOfTheScaleOfMarksIsThoseOfAPictureAtTheThreshold) {
    const Bundle bundle = make_anomaly(comparing_kind());
    Floats map(kExtent, kExtent, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Detector detector(engine_, bundle);
    const Detection detection = detector
                                    .set("threshold", "9") // odds of 0.25 (9 - 1)^(2 / 3), which are 1
                                    .set("overlay", "false")
                                    .detect(*image_, {.heatmap = &map.image});
    const auto heat = detection.tensor("heat");
    for (std::size_t i = 0; i < heat.size(); ++i)
        ASSERT_NEAR(std::min(1.0F, heat[i]), map.samples[3 * i], 1e-4); // the scale ends at 2 times 0.5
}

/// Descent as the plugin's, with gradients from differences of losses.
double searched_by_differences(const Reference &reference, const std::vector<float> &start,
                               const std::vector<float> &x, const std::vector<double> &rates,
                               double momentum) {
    constexpr float kStep = 4e-3F;
    std::vector<float> codes = start, speed(start.size());
    for (const double rate : rates) {
        std::vector<float> moved;
        for (std::size_t i = 0; i < codes.size(); ++i)
            for (const float sign : {1.0F, -1.0F}) {
                moved.insert(moved.end(), codes.begin(), codes.end());
                moved[moved.size() - codes.size() + i] += sign * kStep;
            }
        const auto losses = reference.losses(reference.generate(moved), x);
        for (std::size_t i = 0; i < codes.size(); ++i) {
            const auto slope = static_cast<float>((losses[2 * i] - losses[2 * i + 1]) / (2 * kStep));
            speed[i] = static_cast<float>(momentum) * speed[i] + slope;
            codes[i] -= static_cast<float>(rate) * speed[i];
        }
    }
    return reference.losses(reference.generate(codes), x).front();
}

/// The plugin's noise: SplitMix64, Box and Muller.
std::vector<float> noise(std::size_t count, std::uint64_t seed) {
    const auto unit = [seed](std::uint64_t index) {
        std::uint64_t z = seed * 0xd1342543de82ef95U + (index + 1) * 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
    };
    std::vector<float> values;
    for (std::size_t i = 0; i < count; ++i)
        values.push_back(static_cast<float>(std::sqrt(-2 * std::log(1 - unit(2 * i))) *
                                            std::cos(2 * 3.141592653589793 * unit(2 * i + 1))));
    return values;
}

TEST_P(PluginAnomaly, LatentSearchDescendsAsItSays) {
    const auto x = planes_of({image_.get()});
    const auto start = noise(reference_.encode(x).size(), 5);
    const double before = reference_.losses(reference_.generate(start), x).front();
    const double expected = searched_by_differences(reference_, start, x, {12, 8, 4}, 0.5);
    ASSERT_LT(expected, 0.9 * before);
    Detector searcher = detector("latent-search");
    searcher.set("iterations", "3").set("rate", "12").set("final_rate", "4").set("momentum", "0.5");
    const double found = searcher.set("seed", "5").detect(*image_).real("score");
    EXPECT_NEAR(expected, found, 0.02 * (before - expected));
}

TEST_P(PluginAnomaly, AZeroRateLeavesTheStart) {
    const auto x = planes_of({image_.get()});
    Detector searcher = detector("latent-search");
    searcher.set("rate", "0").set("final_rate", "0").set("seed", "9");
    const auto start = noise(reference_.encode(x).size(), 9);
    expect_close(reference_.losses(reference_.generate(start), x).front(),
                 searcher.detect(*image_).real("score"));
}

TEST_P(PluginAnomaly, ASeedGivesTheSameScoreAndAnotherSeedAnother) {
    const auto with_seed = [&](const char *seed) {
        return detector("latent-search").set("seed", seed).detect(*image_).real("score");
    };
    EXPECT_EQ(with_seed("1"), with_seed("1"));
    EXPECT_NE(with_seed("1"), with_seed("2"));
}

TEST_P(PluginAnomaly, ABatchGivesEachPictureWhatItHasAlone) {
    const auto second = picture(kExtent, kExtent, 2), third = picture(kExtent, kExtent, 4);
    Values batch({2, 3, kExtent, kExtent}, planes_of({second.get(), third.get()}));
    constexpr std::size_t kArea = kExtent * kExtent;
    for (const char *method : kMethods) {
        Detector alone = detector(method);
        const Detection together = alone.detect(*image_, {.batch = batch.get()});
        const auto scores = together.tensor("scores"), heat = together.tensor("heat");
        ASSERT_EQ(scores.size(), 3U) << method;
        ASSERT_EQ(heat.size(), 3 * kArea);
        EXPECT_FLOAT_EQ(scores[0], static_cast<float>(together.real("score")));
        const Floats *pictures[] = {image_.get(), second.get(), third.get()};
        for (std::size_t i = 0; i < 3; ++i) {
            const Detection one = alone.detect(*pictures[i]);
            expect_close(one.real("score"), scores[i]);
            const auto of_one = one.tensor("heat");
            ASSERT_EQ(of_one.size(), kArea);
            for (std::size_t k = 0; k < kArea; ++k)
                ASSERT_NEAR(of_one[k], heat[i * kArea + k], 1e-4 * one.real("score")) << method;
        }
        EXPECT_NE(scores[1], scores[2]);
    }
}

TEST_P(PluginAnomaly, ManyPicturesGoInGroups) {
    constexpr std::int64_t kMany = 70; // more than one group of any method
    const auto small = picture(5, 3, 1);
    std::vector<float> pictures;
    for (std::int64_t i = 0; i < kMany; ++i) {
        const auto other = picture(5, 3, static_cast<double>(i));
        const auto planes = planes_of({other.get()});
        pictures.insert(pictures.end(), planes.begin(), planes.end());
    }
    Values batch({kMany, 3, 3, 5}, pictures);
    for (const char *method : kMethods) {
        const auto scores =
            detector(method).set("iterations", "1").detect(*small, {.batch = batch.get()}).tensor("scores");
        ASSERT_EQ(scores.size(), static_cast<std::size_t>(kMany) + 1);
        expect_close(scores[0], scores[2]);
        const auto last = picture(5, 3, static_cast<double>(kMany - 1));
        expect_close(detector(method).set("iterations", "1").detect(*last).real("score"), scores.back());
    }
}

TEST_P(PluginAnomaly, TheHeatOfALossSumsUpToTheScore) {
    for (const char *method : {"latent-search", "reconstruction"}) {
        const Detection detection = detector(method).detect(*image_);
        const auto heat = detection.tensor("heat");
        expect_close(detection.real("score"), sum(heat), 1e-3);
        EXPECT_GE(*std::min_element(heat.begin(), heat.end()), 0.0F);
    }
}

TEST_P(PluginAnomaly, HeatLiesWhereTheDefectIs) {
    auto broken = picture(64, 64);
    for (std::int32_t y = 40; y < 56; ++y)
        for (std::int32_t x = 8; x < 24; ++x)
            for (std::int32_t c = 0; c < 3; ++c)
                broken->samples[static_cast<std::size_t>((y * 64 + x) * 3 + c)] = c == 0 ? 1.0F : 0.0F;
    const auto good = picture(64, 64);
    for (const char *method : {"reconstruction", "feature-memory"}) {
        const auto before = detector(method).detect(*good).tensor("heat"),
                   after = detector(method).detect(*broken).tensor("heat");
        std::vector<double> change;
        for (std::size_t i = 0; i < before.size(); ++i) change.push_back(std::abs(after[i] - before[i]));
        const auto most = std::max_element(change.begin(), change.end()) - change.begin();
        EXPECT_NEAR(static_cast<double>(most / kExtent), 11.5, 4.5) << method;
        EXPECT_NEAR(static_cast<double>(most % kExtent), 3.5, 4.5) << method;
    }
}

TEST_P(PluginAnomaly, AnyImageGivesAHeatMapOfItsSize) {
    struct Extent {
        std::int32_t width, height;
    };
    for (const char *method : kMethods)
        for (const auto &[width, height] : {Extent{1, 1}, {1, 37}, {61, 47}}) {
            const auto image = picture(width, height);
            Floats map(width, height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32),
                gray(width, height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
            Detector any = detector(method);
            any.detect(*image, {.heatmap = &map.image});
            any.set("overlay", "false").detect(*image, {.heatmap = &gray.image});
            bool colored = false;
            for (std::size_t i = 0; i < map.samples.size(); i += 3) {
                colored = colored || map.samples[i] != map.samples[i + 2];
                ASSERT_EQ(gray.samples[i], gray.samples[i + 2]);
            }
            EXPECT_TRUE(colored);
            EXPECT_GT(*std::max_element(gray.samples.begin(), gray.samples.end()), width > 60 ? 0.8F : 0.2F);
        }
}

TEST_P(PluginAnomaly, TheMiddleOfTheScaleIsTheThreshold) {
    Floats map(kExtent, kExtent, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Detector memory = detector("feature-memory");
    const double score = memory.detect(*image_).real("score");
    const std::string threshold = std::to_string(score / 1.2);
    const Detection detection = memory.set("threshold", threshold.c_str())
                                    .set("overlay", "false")
                                    .detect(*image_, {.heatmap = &map.image});
    const auto heat = detection.tensor("heat");
    for (std::size_t i = 0; i < heat.size(); ++i)
        ASSERT_NEAR(std::min(1.0, heat[i] * 1.2 / (2 * score)), map.samples[3 * i], 1e-4);
}

/// No heat at all and the smallest thresholds: their inverse is infinite.
TEST_P(PluginAnomaly, ATinyThresholdLeavesAColdMapDark) {
    Floats map(kExtent, kExtent, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Detector cold = detector("reconstruction");
    cold.set("pixel_weight", "1e-60").set("feature_weight", "1e-60").set("threshold", "1e-310");
    const auto heat = cold.detect(*image_, {.heatmap = &map.image}).tensor("heat");
    ASSERT_EQ(*std::max_element(heat.begin(), heat.end()), 0.0F);
    for (std::size_t i = 0; i < map.samples.size(); i += 3) {
        const float gray =
            0.299F * image_->samples[i] + 0.587F * image_->samples[i + 1] + 0.114F * image_->samples[i + 2];
        ASSERT_NEAR(map.samples[i], gray / 2, 1e-5);
    }
}

TEST_P(PluginAnomaly, WithoutCalibrationThereIsNoVerdict) {
    const Detection plain = detector("reconstruction").detect(*image_, {.tensors = false});
    EXPECT_TRUE(plain.has("score"));
    EXPECT_FALSE(plain.has("probability"));
    EXPECT_FALSE(plain.has("verdict"));
    EXPECT_EQ(tensor_of(plain.result, "heat"), nullptr);
    EXPECT_EQ(tensor_of(plain.result, "scores"), nullptr);
}

TEST_P(PluginAnomaly, ThresholdsAndProbabilitiesAreTheManifests) {
    const Bundle calibrated = make_anomaly({.defaults = kCalibrated});
    Detector detector(engine_, calibrated);
    const Detection own = detector.detect(*image_);
    EXPECT_EQ(own.text("method"), "reconstruction");
    EXPECT_EQ(own.text("verdict"), "anomalous");
    expect_close(1 / (1 + std::exp(-(2 * std::log(own.real("score")) - 1))), own.real("probability"));
    EXPECT_EQ(detector.set("threshold", "1e9").detect(*image_).text("verdict"), "normal");
    const std::string exactly = std::to_string(own.real("score") + 1e-3);
    EXPECT_EQ(detector.set("threshold", exactly.c_str()).detect(*image_).text("verdict"), "normal");
    const Detection memory = detector.set("threshold", "0").set("method", "feature-memory").detect(*image_);
    EXPECT_EQ(memory.text("verdict"), "normal");
    expect_close(memory.real("score") / (1 + memory.real("score")), memory.real("probability"));
    const Detection searched = detector.set("method", "latent-search").set("iterations", "1").detect(*image_);
    EXPECT_FALSE(searched.has("verdict")) << "that method was not calibrated";
}

TEST_P(PluginAnomaly, AutoTakesTheBestThatThereIs) {
    EXPECT_EQ(Detector(engine_, bundle_).detect(*image_).text("method"), "feature-memory");
    AnomalyKind forgetful;
    forgetful.graphs.erase("memory");
    const Bundle marking = make_anomaly(forgetful);
    EXPECT_EQ(Detector(engine_, marking).detect(*image_).text("method"), "segmentation");
    forgetful.graphs.erase("segmenter");
    const Bundle bundle = make_anomaly(forgetful);
    Detector detector(engine_, bundle);
    EXPECT_EQ(detector.detect(*image_).text("method"), "reconstruction");
    const std::string said = detector.set("method", "feature-memory").refuse(MIRRA_E_NOT_FOUND, *image_);
    EXPECT_THAT(said, HasSubstr("no memory of good features | method"));
    EXPECT_THAT(said, HasSubstr("mirra-train anomaly"));
    EXPECT_THAT(detector.set("method", "segmentation").refuse(MIRRA_E_NOT_FOUND, *image_),
                HasSubstr("no network that marks defects | method"));
}

TEST_P(PluginAnomaly, ABundleOfOneMethodNeedsNoOtherNetworks) {
    for (const char *only : {"memory", "segmenter"}) {
        AnomalyKind kind;
        kind.defaults = R"({"extent": 16})";
        std::erase_if(kind.graphs, [&](const auto &graph) { return graph.first != only; });
        const Bundle bundle = make_anomaly(kind);
        Detector detector(engine_, bundle);
        EXPECT_GT(detector.detect(*image_).real("score"), 0) << only;
        EXPECT_THAT(detector.set("method", "reconstruction").refuse(MIRRA_E_NOT_FOUND, *image_),
                    HasSubstr("no generator of good pictures | method"));
    }
}

std::string session_refused(const Engine &engine, const mirra_bundle *bundle, mirra_status expected) {
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "detect";
    options.bundle = bundle;
    Session session;
    Failure failure;
    EXPECT_STREQ(mirra_status_name(expected), mirra_status_name(mirra_session_create(
                                                  engine.get(), &options, session.out(), failure.out())));
    return message(failure);
}

TEST_P(PluginAnomaly, ABundleForSomethingElseIsRefused) {
    const auto refused = [&](const AnomalyKind &kind) {
        const Bundle bundle = make_anomaly(kind);
        const std::string said = session_refused(*engine_, bundle.get(), MIRRA_E_MISMATCH);
        EXPECT_THAT(said, HasSubstr("not one of the task 'detect'"));
        EXPECT_THAT(said, HasSubstr("mirra-train anomaly"));
        return said;
    };
    EXPECT_THAT(session_refused(*engine_, nullptr, MIRRA_E_NOT_FOUND), HasSubstr("mirra-train anomaly"));
    const Bundle inverter = make_inverter();
    EXPECT_THAT(session_refused(*engine_, inverter.get(), MIRRA_E_MISMATCH),
                HasSubstr("not one of the task 'detect'"));
    AnomalyKind kind;
    for (const char *extent : {"0", "-16", "16.5", "1e9"}) {
        kind.defaults = std::string(R"({"layer": "deep", "extent": )") + extent + "}";
        EXPECT_THAT(refused(kind), HasSubstr("to which size pictures are scaled")) << extent;
    }
    kind.defaults = R"({"layer": "deep", "extent": 18, "method": "reconstruction"})";
    EXPECT_THAT(refused(kind), HasSubstr("no multiple of 4"));
    kind.defaults = R"({"extent": 16, "method": "reconstruction"})";
    EXPECT_THAT(refused(kind), HasSubstr("names no layer"));
    kind.defaults = R"({"extent": 16, "layer": "low", "method": "reconstruction"})";
    EXPECT_THAT(refused(kind), HasSubstr("no graph 'generator-low'"));
    for (const char *key : {"distance", "odds", "distance_power", "odds_power"}) {
        std::string defaults = kComparing;
        const std::string name = "\"segmentation_" + std::string(key) + "\": ";
        const auto at = defaults.find(name) + name.size();
        defaults.replace(at, defaults.find_first_of(",}", at) - at, "-1");
        EXPECT_THAT(refused(comparing_kind(defaults)), HasSubstr("is missing, or no finite number"))
            << defaults;
    }
    auto uneven = comparing_kind();
    uneven.graphs["segmenter"].outputs.back().source =
        "picture_memory.codes"; // three channels for four places
    EXPECT_THAT(refused(uneven), HasSubstr("compare every place with members of its own"));
    kind.defaults = kUncalibrated;
    for (const char *graph : {"encoder", "memory", "segmenter"}) kind.graphs.erase(graph);
    EXPECT_THAT(refused(kind), HasSubstr("no graph 'encoder'"));
}

/// A verdict or a probability that is left out in silence would be taken for none.
TEST_P(PluginAnomaly, NumbersOfTheManifestThatAreNoneAreRefused) {
    for (const auto &[status, value] : {std::pair{MIRRA_E_MISMATCH, "\"6.03\""},
                                        {MIRRA_E_MISMATCH, "true"},
                                        {MIRRA_E_CORRUPT, "null"},
                                        {MIRRA_E_CORRUPT, "[1]"}})
        for (const char *key :
             {"extent", "feature_memory_threshold", "feature_memory_slope", "feature_memory_offset"}) {
            AnomalyKind kind;
            const std::string extent = std::string(key) == "extent" ? "" : R"("extent": 16, )";
            kind.defaults = "{" + extent + R"("method": "feature-memory", ")" + key + "\": " + value + "}";
            EXPECT_THAT(session_refused(*engine_, make_anomaly(kind).get(), status),
                        HasSubstr("the bundle's default of '" + std::string(key) + "' is n"))
                << value;
        }
    AnomalyKind kind;
    kind.defaults = R"({"extent": 16, "method": "feature-memory", "feature_memory_slope": -1})";
    EXPECT_THAT(session_refused(*engine_, make_anomaly(kind).get(), MIRRA_E_MISMATCH),
                HasSubstr("a larger score makes a defect less likely"));
}

TEST_P(PluginAnomaly, BatchesThatAreNoPicturesAreRefused) {
    Detector any = detector("reconstruction");
    Values gray({2, 1, 4, 4}, std::vector<float>(32)), flat({3, 4, 4}, std::vector<float>(48));
    EXPECT_THAT(any.refuse(MIRRA_E_MISMATCH, *image_, {.batch = gray.get()}),
                HasSubstr("{2, 1, 4, 4} | batch"));
    EXPECT_THAT(any.refuse(MIRRA_E_MISMATCH, *image_, {.batch = flat.get()}),
                HasSubstr("{N, 3, height, width}"));
    std::vector<float> values(48, 0.5F);
    values[17] = std::nanf("");
    Values broken({1, 3, 4, 4}, values);
    EXPECT_THAT(any.refuse(MIRRA_E_INVALID_ARGUMENT, *image_, {.batch = broken.get()}),
                HasSubstr("no finite numbers"));
}

TEST_P(PluginAnomaly, ASearchThatGoesAstrayIsAnError) {
    AnomalyKind unbounded;
    graph::Builder generator("generator-deep");
    const std::string large =
        generator.upsample_nearest(generator.input("features", kDeepChannels), 4, "large");
    generator.output("image", generator.conv2d(large, {kDeepChannels, 3, 3, 1, 1, true}, "unbounded"));
    unbounded.graphs["generator-deep"] = generator.finish();
    const Bundle bundle = make_anomaly(unbounded);
    Detector wild(engine_, bundle);
    wild.set("method", "latent-search").set("feature_weight", "1e6").set("rate", "1000");
    EXPECT_THAT(wild.refuse(MIRRA_E_INVALID_ARGUMENT, *image_), HasSubstr("| rate | Lower the rate"));
}

/// A bundle in which a convolution overflows in one channel, so that what follows are differences of
/// infinities.
Bundle damaged_bundle(const std::string &weight, std::size_t out_channels, const AnomalyKind &kind = {}) {
    auto weights = anomaly_weights(kind.graphs);
    auto &values = weights.at(weight).values;
    const std::size_t each = values.size() / out_channels;
    constexpr float kLarge = 8e37F; // finite also where a doubling in front of it sums four taps
    for (std::size_t i = each; i < 2 * each; ++i) values[i] = kLarge;
    const std::string path = temporary("damaged.mirra");
    write_small(path, "damaged parts", "detect", kind.defaults, kind.graphs, weights);
    Bundle bundle;
    EXPECT_OK(mirra_bundle_open(path.c_str(), bundle.out(), error));
    return bundle;
}

TEST_P(PluginAnomaly, ScoresThatAreNoNumbersAreErrors) {
    const auto refused = [&](const Bundle &bundle, const char *method, mirra_status status) {
        Detector damaged(engine_, bundle);
        return damaged.set("iterations", "2").set("method", method).refuse(status, *image_);
    };
    constexpr const char *kNoNumber = "score of picture 0 is no finite number | bundle";
    const Bundle encoder = damaged_bundle("encoder.1.weight", kLowChannels);
    EXPECT_THAT(refused(encoder, "feature-memory", MIRRA_E_MISMATCH), HasSubstr(kNoNumber));
    for (const char *powers : {"3", "0"}) {
        std::string defaults = kComparing;
        defaults.replace(defaults.find("power\": 3") + 8, 1, powers);
        const Bundle memory = damaged_bundle("picture_memory.codes.weight", kCodes, comparing_kind(defaults));
        EXPECT_THAT(refused(memory, "segmentation", MIRRA_E_MISMATCH), HasSubstr(kNoNumber)) << powers;
    }
    const Bundle generator = damaged_bundle("deep.1.weight", 5);
    EXPECT_THAT(refused(generator, "reconstruction", MIRRA_E_MISMATCH), HasSubstr(kNoNumber));
    EXPECT_THAT(refused(generator, "latent-search", MIRRA_E_INVALID_ARGUMENT), HasSubstr("diverged"));
}

TEST_P(PluginAnomaly, AMemoryNeedsFullPrecision) {
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "detect";
    options.bundle = bundle_.get();
    options.precision = MIRRA_PRECISION_BF16;
    Session session;
    Failure failure;
    const auto created = mirra_session_create(engine_->get(), &options, session.out(), failure.out());
    if (created == MIRRA_E_UNSUPPORTED) GTEST_SKIP() << "this processor has no bf16";
    ASSERT_EQ(created, MIRRA_OK) << message(failure);
    const mirra_port_value image = port("image", image_->image);
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED, mirra_session_run(session.get(), &image, 1, nullptr, nullptr, error));
    Failure refused;
    mirra_session_run(session.get(), &image, 1, nullptr, nullptr, refused.out());
    EXPECT_THAT(message(refused), HasSubstr("| precision | Leave it at auto or fp32"));
    EXPECT_OK(mirra_session_set_text(session.get(), "method", "reconstruction", error));
    EXPECT_OK(mirra_session_run(session.get(), &image, 1, nullptr, nullptr, error));
    options.precision = MIRRA_PRECISION_AUTO;
    Session automatic;
    EXPECT_OK(mirra_session_create(engine_->get(), &options, automatic.out(), error));
    EXPECT_OK(mirra_session_run(automatic.get(), &image, 1, nullptr, nullptr, error));
}

TEST_P(PluginAnomaly, IsCancelledBetweenSteps) {
    Cancel cancel;
    EXPECT_OK(mirra_cancel_create(cancel.out(), error));
    MIRRA_STRUCT(mirra_run_options, options);
    options.cancel = cancel.get();
    int calls = 0;
    struct Stop {
        int *calls;
        mirra_cancel *cancel;
        static std::int32_t look(void *user, const mirra_progress *) {
            const Stop &stop = *static_cast<Stop *>(user);
            if (++*stop.calls == 6) mirra_cancel_request(stop.cancel);
            return 0;
        }
    } stop{&calls, cancel.get()};
    options.progress = &Stop::look;
    options.user = &stop;
    Detector searcher = detector("latent-search");
    EXPECT_STATUS(MIRRA_E_CANCELLED,
                  searcher.set("iterations", "1000").run(*image_, {.options = &options}, error));
    EXPECT_EQ(calls, 6);
}

TEST_P(PluginAnomaly, TheMemoryThatIsStatedIsEnough) {
    const auto large = picture(200, 150);
    Values batch({3, 3, kExtent, kExtent}, std::vector<float>(3 * 3 * kExtent * kExtent, 0.5F));
    for (const char *method : kMethods) {
        const std::uint64_t needed = detector(method, 1).plan(200, 150).required_bytes;
        EXPECT_THAT(detector(method, needed - 1).refuse(MIRRA_E_BUDGET, *large, {.tensors = false}),
                    HasSubstr(std::to_string(needed)));
        detector(method, needed).detect(*large, {.tensors = false});
        const std::string said = detector(method, 1).refuse(MIRRA_E_BUDGET, *large, {.batch = batch.get()});
        const auto digits = said.find("at least ") + 9;
        const std::uint64_t more = std::stoull(said.substr(digits));
        EXPECT_GT(more, needed) << said;
        detector(method, more).detect(*large, {.batch = batch.get()});
    }
}

} // namespace
} // namespace mirra::test
