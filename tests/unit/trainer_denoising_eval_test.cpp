// Evaluating denoisers: the noise, several bundles on the same pictures, the paper's figures, sheets.
#include "core/graph_module.hpp"
#include "eval/denoising.hpp"
#include "eval/denoising_results.hpp"
#include "eval/paper.hpp"
#include "mirra/architectures.hpp"
#include "mirra/image.hpp"
#include "trainer_support.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <opencv2/photo.hpp>

#include <cmath>

namespace {

using namespace mirra;
using namespace mirra::trainer;
using test::refusal;

constexpr double kFullRange = 255;

FloatPicture flat(float value, std::int32_t extent = 64) {
    return {extent, extent, std::vector<float>(static_cast<std::size_t>(extent * extent) * 3, value)};
}

double deviation(const FloatPicture &noisy, const FloatPicture &clean) {
    double squares = 0;
    for (std::size_t i = 0; i < clean.values.size(); ++i)
        squares += std::pow(noisy.values[i] - clean.values[i], 2);
    return std::sqrt(squares / static_cast<double>(clean.values.size()));
}

TEST(EvaluationNoise, WithoutAGainIsTheLibrarys) {
    const auto clean = flat(0.3F);
    for (const bool clipped : {true, false}) {
        auto expected = clean.values;
        image::add_gaussian_noise(expected, 50 / kFullRange, 9, clipped);
        EXPECT_EQ(with_noise(clean, {.sigma = 50, .clipped = clipped}, false, 9).values, expected);
    }
}

TEST(EvaluationNoise, OfASensorGrowsWithTheSignal) {
    for (const float level : {0.1F, 0.8F}) {
        const PictureNoise noise{.sigma = 6, .gain = 4, .clipped = false};
        const auto clean = flat(level);
        const double expected = std::sqrt(4 / kFullRange * level + std::pow(6 / kFullRange, 2));
        EXPECT_NEAR(mean_deviation(clean, noise), expected, 1e-6);
        EXPECT_NEAR(deviation(with_noise(clean, noise, false, 1), clean), expected, 0.02 * expected);
    }
    const auto clipped = with_noise(flat(0.9F), {.sigma = 6, .gain = 40}, false, 1);
    EXPECT_EQ(*std::ranges::max_element(clipped.values), 1);
}

TEST(EvaluationNoise, OfGrayPicturesIsTheSameInAllChannels) {
    const auto noisy = with_noise(flat(0.5F), {.sigma = 25}, true, 4);
    for (std::size_t i = 0; i < noisy.values.size(); i += 3) {
        ASSERT_EQ(noisy.values[i], noisy.values[i + 1]);
        ASSERT_EQ(noisy.values[i], noisy.values[i + 2]);
    }
    EXPECT_NEAR(deviation(noisy, flat(0.5F)), 25 / kFullRange, 0.003);
    const auto gray = in_gray({1, 1, {1, 0.5F, 0}});
    for (const float value : gray.values) EXPECT_NEAR(value, 0.299 + 0.587 / 2, 1e-6);
    for (const float value : mean_of_channels({1, 1, {1, 0.5F, 0}}).values) EXPECT_NEAR(value, 0.5, 1e-6);
}

TEST(EvaluationNoise, OfACommandLineIsEverySigmaAndSensor) {
    const auto noises = noises_of({15, 50}, {"4,6.5"}, {"clipped", "unclipped"});
    ASSERT_EQ(noises.size(), 6u);
    EXPECT_EQ(noises[1], (PictureNoise{.sigma = 50}));
    EXPECT_EQ(noises[2], (PictureNoise{.sigma = 6.5, .gain = 4}));
    EXPECT_EQ(noises[5], (PictureNoise{.sigma = 6.5, .gain = 4, .clipped = false}));
    for (const char *text : {"4", "0,3", "x,3", "4,-1", "4,3x", "4;3", "300,1", "", "nan,1"})
        EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { noises_of({}, {text}, {"clipped"}); }),
                    testing::HasSubstr("--poisson"))
            << text;
}

TEST(PaperDenoising, StandsBesideItsOwnSetsAlone) {
    EXPECT_EQ(paper_denoising("cbsd68", 68, true)->psnr, 25.258);
    EXPECT_EQ(paper_denoising("kodak24", 24, false)->ssim, 0.6);
    EXPECT_EQ(paper_denoising("mcmaster", 18, true)->psnr, 25.353);
    EXPECT_FALSE(paper_denoising("cbsd68", 12, true)) << "a part of the set";
    EXPECT_FALSE(paper_denoising("set5", 5, true));
}

/// A denoiser that gives its picture back.
std::filesystem::path idle_denoiser(const std::string &folder, const std::string &provenance = "{}",
                                    const std::string &quality = "[]") {
    const std::filesystem::path path = test::scratch() + folder + "/idle.mirra";
    std::filesystem::create_directories(path.parent_path());
    torch::manual_seed(1);
    const GraphModule network(graph::wavelet_denoiser({.channels = {8}, .blocks = {1}}),
                              {.zero_init = {"decoder.output."}});
    bundle::Manifest manifest;
    manifest.task = "denoise";
    manifest.provenance = provenance;
    manifest.quality = quality;
    manifest.graphs.emplace("denoiser", network.graph());
    bundle::write_bundle(path, manifest, network.weights(), bundle::DType::f32);
    return path;
}

DenoisingEvaluation evaluation_of(const std::string &name) {
    DenoisingEvaluation out;
    out.data = {test::make_pictures("denoising-" + name, 3, 64, 48)};
    out.bundles = {idle_denoiser(name + "-a"), idle_denoiser(name + "-b")};
    out.noises = {{.sigma = 50}, {.sigma = 50, .clipped = false}};
    out.compare = false;
    return out;
}

TEST(DenoisingEvaluation, ComparesBundlesOnTheSameNoisyPictures) {
    const auto settings = evaluation_of("compare");
    const auto result = evaluate_denoising(settings);
    ASSERT_EQ(result.rows.size(), 6u);
    for (std::size_t first : {0u, 3u}) {
        EXPECT_EQ(result.rows[first].method, "noisy");
        EXPECT_EQ(result.rows[first + 1].psnr, result.rows[first + 2].psnr) << "the same noise";
        for (const auto m : {1u, 2u}) {
            EXPECT_EQ(result.rows[first + m].bundle, settings.bundles[m - 1]);
            EXPECT_EQ(result.rows[first + m].method, settings.bundles[m - 1].string())
                << "two of one name are told apart";
            EXPECT_FALSE(result.rows[first + m].paper);
        }
    }
    EXPECT_NEAR(result.rows[1].psnr, result.rows[0].psnr, 1e-3);
    EXPECT_NEAR(result.rows[3].psnr, 20 * std::log10(kFullRange / 50), 0.1);
    EXPECT_GT(result.rows[0].psnr, result.rows[3].psnr) << "clipping takes noise away";
    DenoisingTable table(settings);
    for (const auto &row : result.rows) table.add(row);
    const auto csv = table.csv();
    EXPECT_EQ(std::ranges::count(csv, '\n'), 7);
    EXPECT_THAT(csv, testing::HasSubstr(",3,50,0,no,no,noisy,"));
}

TEST(DenoisingEvaluation, OfGrayPicturesAndSensorsHasASheet) {
    auto settings = evaluation_of("gray");
    settings.gray = true;
    settings.noises = {{.sigma = 6, .gain = 4}};
    settings.sheet = test::scratch() + "sheet.png";
    settings.sheet_rows = 2;
    const auto result = evaluate_denoising(settings);
    ASSERT_EQ(result.rows.size(), 3u);
    EXPECT_TRUE(result.rows[0].gray);
    EXPECT_NEAR(result.rows[1].psnr, result.rows[0].psnr, 1e-3);
    ASSERT_EQ(result.sheet.size(), 2u);
    ASSERT_EQ(result.sheet[0].size(), 4u);
    EXPECT_EQ(result.sheet[0][0].caption, "original");
    EXPECT_THAT(result.sheet[0][1].caption, testing::HasSubstr(" dB"));
    const auto &values = result.sheet[0][2].picture.values;
    EXPECT_EQ(values[0], values[1]);
    EXPECT_EQ(values[0], values[2]);
}

TEST(DenoisingEvaluation, IsRecordedInEveryBundle) {
    auto settings = evaluation_of("record");
    settings.noises = {{.sigma = 50}, {.sigma = 6, .gain = 4}};
    const auto result = evaluate_denoising(settings);
    for (int round = 0; round < 2; ++round) record_denoising(settings, result.rows);
    for (const auto &path : settings.bundles) {
        const auto quality = nlohmann::json::parse(bundle::Bundle::open(path)->manifest().quality);
        ASSERT_EQ(quality.size(), 2u) << "a second recording replaces the first";
        EXPECT_EQ(quality[0].at("sigma"), 50);
        EXPECT_FALSE(quality[0].contains("gain"));
        EXPECT_EQ(quality[1].at("gain"), 4);
    }
}

TEST(DenoisingEvaluation, OfAPartLeavesTheRecordOfTheWhole) {
    auto settings = evaluation_of("part");
    settings.noises = {{.sigma = 50}};
    for (const std::int64_t count : {1, 0, 2}) { // 0: all three
        settings.count = count;
        record_denoising(settings, evaluate_denoising(settings).rows);
    }
    const auto quality = nlohmann::json::parse(bundle::Bundle::open(settings.bundles[0])->manifest().quality);
    ASSERT_EQ(quality.size(), 2u);
    EXPECT_EQ(quality[0].at("count"), 3);
    EXPECT_EQ(quality[1].at("count"), 2);
}

TEST(DenoisingEvaluation, ABundleGivenTwiceIsRefused) {
    auto settings = evaluation_of("twice");
    settings.bundles[1] = settings.bundles[0].parent_path() / "." / settings.bundles[0].filename();
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { evaluate_denoising(settings); }),
                testing::HasSubstr("given twice"));
}

TEST(DenoisingEvaluation, SheetsTakePicturesOfAnyShape) {
    const SheetRow cells{{"long", FloatPicture{3000, 2, std::vector<float>(18000, 0.5F)}}};
    const auto rows = denoising_sheet_rows(cells, {});
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0][0].picture.width, 256);
    EXPECT_EQ(rows[0][0].picture.height, 1);
}

/// OpenCV takes blue for the first channel.
TEST(NonLocalMeans, GetsTheChannelsInItsOrder) {
    constexpr int kSide = 24;
    FloatPicture noisy{kSide, kSide, {}};
    for (int i = 0; i < kSide * kSide; ++i)
        noisy.values.insert(noisy.values.end(), {0.8F, 0.3F, i % kSide < kSide / 2 ? 0.1F : 0.6F});
    image::add_gaussian_noise(noisy.values, 0.1, 3, true);
    cv::Mat pixels(kSide, kSide, CV_8UC3), expected;
    for (int i = 0; i < kSide * kSide; ++i)
        for (int c = 0; c < 3; ++c)
            pixels.at<cv::Vec3b>(i)[2 - c] = cv::saturate_cast<std::uint8_t>(
                kFullRange * noisy.values[static_cast<std::size_t>(3 * i + c)]);
    cv::fastNlMeansDenoisingColored(pixels, expected, 20, 20, 7, 21);
    const auto result = non_local_means(noisy, 25, 0.8);
    for (int i = 0; i < kSide * kSide; ++i)
        for (int c = 0; c < 3; ++c)
            ASSERT_NEAR(result.values[static_cast<std::size_t>(3 * i + c)],
                        expected.at<cv::Vec3b>(i)[2 - c] / kFullRange, 1e-6);
}

TEST(DenoisingEvaluation, MeasuresAndRecordsWhateverElseAManifestSays) {
    auto settings = evaluation_of("odd");
    settings.bundles = {
        idle_denoiser("odd-c", R"({"encoder": {"epsilon": "none"}})", R"([7, {"data": 5, "psnr": 30}])")};
    settings.noises = {{.sigma = 50}};
    record_denoising(settings, evaluate_denoising(settings).rows);
    const auto quality = nlohmann::json::parse(bundle::Bundle::open(settings.bundles[0])->manifest().quality);
    ASSERT_EQ(quality.size(), 3u) << quality;
    EXPECT_EQ(quality[0], 7);
    EXPECT_EQ(quality[1].at("psnr"), 30);
    EXPECT_EQ(quality[2].at("sigma"), 50);
}

DenoisingRow row_of(const std::string &method, const std::filesystem::path &bundle, double psnr,
                    double seconds) {
    DenoisingRow row;
    row.method = method;
    row.bundle = bundle;
    row.psnr = psnr;
    row.seconds_per_megapixel = seconds;
    return row;
}

TEST(DenoisingPlot, OverTimeIsTheMeanOfEachMethod) {
    const auto plot = plot_over_time({row_of("noisy", {}, 15, 0), row_of("slow", "slow.mirra", 28, 2),
                                      row_of("slow", "slow.mirra", 30, 4),
                                      row_of("fast", "fast.mirra", 27, 1), row_of("NLM", {}, 22, 5)});
    ASSERT_EQ(plot.series.size(), 2u) << "the noise is no method";
    ASSERT_EQ(plot.series[0].points.size(), 2u);
    EXPECT_EQ(plot.series[0].points[0].x, 1);
    EXPECT_EQ(plot.series[0].points[1].x, 3);
    EXPECT_EQ(plot.series[0].points[1].y, 29);
    EXPECT_EQ(plot.series[1].name, "NLM");
    EXPECT_EQ(plot.series[1].points[0].y, 22);
}

TEST(DenoisingPlot, OverStepsHasACurveForEachNumberOfPictures) {
    const auto trained = [](const std::string &name, int steps, int pictures) {
        return idle_denoiser("plot-" + name, R"({"steps": )" + std::to_string(steps) + R"(, "pictures": )" +
                                                 std::to_string(pictures) + "}");
    };
    const auto plot = plot_over_steps({row_of("noisy", {}, 15, 0), row_of("b", trained("b", 200, 10), 26, 0),
                                       row_of("a", trained("a", 100, 10), 25, 0),
                                       row_of("c", trained("c", 100, 50), 27, 0)});
    ASSERT_EQ(plot.series.size(), 2u);
    EXPECT_EQ(plot.series[0].name, "10 pictures");
    ASSERT_EQ(plot.series[0].points.size(), 2u);
    EXPECT_EQ(plot.series[0].points[0].x, 100);
    EXPECT_EQ(plot.series[0].points[1].y, 26);
    EXPECT_EQ(plot.series[1].points[0].y, 27);
    const auto untold = idle_denoiser("plot-x");
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { plot_over_steps({row_of("x", untold, 20, 0)}); }),
                testing::HasSubstr("steps"));
    EXPECT_NO_THROW(check_trainings({trained("a", 100, 10)}));
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { check_trainings({untold}); }),
                testing::HasSubstr("steps"));
}

TEST(DenoisingSheet, ShowsLargePicturesReducedAndAPartOfThemPixelByPixel) {
    FloatPicture large{600, 400, std::vector<float>(600u * 400 * 3)};
    const auto at = [&](std::int32_t x, std::int32_t y) -> float & {
        return large.values[3 * static_cast<std::size_t>(y * large.width + x)];
    };
    at(172, 72) = 1;
    at(10, 20) = 0.5F;
    const auto middle = denoising_sheet_rows({{"a", large}}, std::nullopt);
    ASSERT_EQ(middle.size(), 2u);
    EXPECT_EQ(middle[0][0].picture.width, 256);
    EXPECT_EQ(middle[1][0].picture.width, 256);
    EXPECT_EQ(middle[1][0].picture.values[0], 1);
    const auto corner = denoising_sheet_rows({{"a", large}}, std::pair(10, 20));
    EXPECT_EQ(corner[1][0].picture.values[0], 0.5F);
    EXPECT_NO_THROW(denoising_sheet_rows({{"a", large}}, std::pair(5000, -3)));
    EXPECT_EQ(denoising_sheet_rows({{"a", flat(0.5F)}}, std::nullopt).size(), 1u);
}

} // namespace
