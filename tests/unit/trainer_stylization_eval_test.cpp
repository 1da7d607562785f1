// Evaluating stylizers: Gram loss, VGG-19 from published weights, pairs, levels, table, sheets, the command.
#include "eval/evaluation.hpp"
#include "eval/paper.hpp"
#include "eval/pictures.hpp"
#include "eval/similarity.hpp"
#include "eval/stylization.hpp"
#include "eval/stylization_results.hpp"
#include "mirra/error.hpp"
#include "mirra/image.hpp"
#include "stylizer_bundle.hpp"
#include "trainer_small_encoder.hpp"
#include "trainer_support.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace {

using namespace mirra;
using namespace mirra::trainer;
namespace fs = std::filesystem;
using mirra::test::make_pictures;
using mirra::test::refusal;
using mirra::test::scratch;
using mirra::test::text_of;

bool has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

FloatPicture random_picture(std::int32_t width, std::int32_t height, std::uint64_t seed) {
    CounterRandom random(seed, 0);
    FloatPicture out{width, height, {}};
    for (std::int32_t i = 0; i < width * height * 3; ++i)
        out.values.push_back(static_cast<float>(random.uniform()));
    return out;
}

torch::Tensor to_nchw(const FloatPicture &picture) {
    return torch::tensor(picture.values).view({1, picture.height, picture.width, 3}).permute({0, 3, 1, 2});
}

// ---- Gram loss

TEST(GramLoss, IsTheOneOfAHandComputation) {
    // Channels (1, 3) and (0, 2) at two places; (2, 2) and (1, 1) at two others.
    const auto a = layer_statistics(torch::tensor({1.F, 3.F, 0.F, 2.F}).view({1, 2, 1, 2}));
    const auto b = layer_statistics(torch::tensor({2.F, 2.F, 1.F, 1.F}).view({1, 2, 2, 1}));
    EXPECT_TRUE(torch::equal(a.mean, torch::tensor({2.F, 1.F})));
    EXPECT_TRUE(torch::equal(a.gram, torch::tensor({2.5F, 1.5F, 1.5F, 1.F}).view({2, 2})));
    EXPECT_TRUE(torch::equal(b.gram, torch::tensor({2.F, 1.F, 1.F, 0.5F}).view({2, 2})));
    EXPECT_NEAR(gram_distance(a, b), 0.25, 1e-7); // equal means; every entry of the Gram matrix 0.5 apart
    const auto c = layer_statistics(torch::tensor({4.F, 0.F}).view({1, 2, 1, 1}));
    // Means (4, 0): (4 + 1) / 2; Gram matrix (8, 0, 0, 0): (30.25 + 2.25 + 2.25 + 1) / 4.
    EXPECT_NEAR(gram_distance(a, c), 2.5 + 8.9375, 1e-5);
    EXPECT_EQ(gram_distance(a, a), 0);
}

TEST(GramLoss, KnowsNoPlacesAndNoSize) {
    torch::manual_seed(1);
    const auto features = torch::rand({1, 5, 4, 6});
    const auto repeated = features.repeat({1, 1, 2, 1}), mirrored = features.flip({2, 3});
    const auto statistics = layer_statistics(features);
    EXPECT_LT(gram_distance(statistics, layer_statistics(repeated)), 1e-12);
    EXPECT_LT(gram_distance(statistics, layer_statistics(mirrored)), 1e-12);
    EXPECT_GT(gram_distance(statistics, layer_statistics(features * 1.1)), 1e-4);
}

TEST(GramLoss, TakesEveryTapOfAnEncoder) {
    const auto path = test::small_encoder("gram-encoder");
    const auto network = GramNetwork::of_encoder(path, torch::kCPU);
    EXPECT_EQ(network.name(), "gram-encoder");
    EXPECT_EQ(network.layers(), (std::vector<std::string>{"layer3", "layer4"}));
    const auto picture = random_picture(40, 32, 1);
    const auto statistics = network.statistics(picture);
    ASSERT_EQ(statistics.size(), 2U);

    const auto bundle = bundle::Bundle::open(path);
    GraphModule module(bundle->graph("encoder"), {});
    module.load(*bundle);
    module.eval();
    const torch::NoGradGuard no_grad;
    const auto features = module.forward({{"image", to_nchw(picture)}});
    for (std::size_t i = 0; i < 2; ++i) {
        const auto expected = layer_statistics(features.at(network.layers()[i]));
        EXPECT_LT(gram_distance(expected, statistics[i]), 1e-10) << i;
    }
    const auto other = network.statistics(random_picture(32, 40, 2));
    EXPECT_GT(gram_distance(other[1], statistics[1]), 0);
}

TEST(GramLoss, RefusesBundlesWithoutAnEncoder) {
    const auto path = scratch() + "no-encoder.mirra";
    graph::Builder b("denoiser");
    b.output("image", b.conv2d(b.input("image", 3), {3, 3}, "conv"));
    const std::map<std::string, graph::Graph> graphs{{"denoiser", b.finish()}};
    test::write_small(path, "none", "denoise", "{}", graphs, test::random_weights(graphs));
    const auto text = refusal(ErrorCode::mismatch, [&] { GramNetwork::of_encoder(path, torch::kCPU); });
    EXPECT_TRUE(has(text, "no encoder of pictures") && has(text, "no-encoder.mirra")) << text;
    refusal(ErrorCode::not_found, [&] { GramNetwork::of_encoder(scratch() + "nowhere.mirra", torch::kCPU); });
}

// ---- VGG-19

/// Convolutions of torchvision's vgg19.features: place, channels in and out.
struct Convolution {
    int place;
    std::int64_t in, out;
};
constexpr std::array kVgg19{Convolution{0, 3, 64},     Convolution{2, 64, 64},    Convolution{5, 64, 128},
                            Convolution{7, 128, 128},  Convolution{10, 128, 256}, Convolution{12, 256, 256},
                            Convolution{14, 256, 256}, Convolution{16, 256, 256}, Convolution{19, 256, 512},
                            Convolution{21, 512, 512}, Convolution{23, 512, 512}, Convolution{25, 512, 512},
                            Convolution{28, 512, 512}};

using Tensors = std::map<std::string, torch::Tensor>;

Tensors random_vgg19() {
    torch::manual_seed(7);
    Tensors out;
    for (const auto &[place, in, channels] : kVgg19) {
        const auto name = "features." + std::to_string(place);
        out[name + ".weight"] =
            torch::randn({channels, in, 3, 3}) * std::sqrt(2.0 / (9 * static_cast<double>(in)));
        out[name + ".bias"] = 0.1 * torch::randn({channels});
    }
    return out;
}

/// With what the published file has beyond conv5_1.
fs::path save_vgg19(const std::string &name, Tensors tensors, const std::string &prefix = "") {
    tensors["features.30.weight"] = torch::zeros({4, 4, 3, 3});
    tensors["classifier.0.weight"] = torch::zeros({4, 4});
    tensors["classifier.0.bias"] = torch::zeros({4});
    std::map<std::string, bundle::TensorView> views;
    for (const auto &[key, tensor] : tensors) {
        const auto *data = tensor.const_data_ptr<float>();
        views[prefix + key] = {bundle::DType::f32, tensor.sizes().vec(),
                               std::as_bytes(std::span(data, static_cast<std::size_t>(tensor.numel())))};
    }
    const fs::path path = scratch() + name;
    bundle::write_tensors(path, views);
    return path;
}

TEST(Vgg19, GivesTheFeaturesOfAHandComputation) {
    const auto weights = random_vgg19();
    const auto network =
        GramNetwork::of_vgg19(save_vgg19("vgg19.safetensors", weights, "module."), torch::kCPU);
    EXPECT_EQ(network.layers(),
              (std::vector<std::string>{"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"}));
    const auto picture = random_picture(48, 32, 3);
    const auto statistics = network.statistics(picture);
    ASSERT_EQ(statistics.size(), 5U);

    const auto constants = [](float r, float g, float b) {
        return torch::tensor({r, g, b}).view({1, 3, 1, 1});
    };
    auto x = (to_nchw(picture) - constants(0.485F, 0.456F, 0.406F)) / constants(0.229F, 0.224F, 0.225F);
    const std::set<int> tapped{0, 5, 10, 19, 28}, pooled_before{5, 10, 19, 28};
    std::size_t layer = 0;
    for (const auto &convolution : kVgg19) {
        if (pooled_before.contains(convolution.place)) x = torch::max_pool2d(x, 2, 2);
        const auto name = "features." + std::to_string(convolution.place);
        x = torch::relu(torch::conv2d(x, weights.at(name + ".weight"), weights.at(name + ".bias"), 1, 1));
        if (!tapped.contains(convolution.place)) continue;
        const auto flat = x[0].flatten(1);
        const auto gram = flat.mm(flat.t()) / static_cast<double>(x.numel());
        ASSERT_GT(gram.abs().max().item<double>(), 1e-3) << "the features vanish at " << layer;
        EXPECT_TRUE(torch::allclose(statistics[layer].gram, gram, 1e-3, 1e-5)) << layer;
        EXPECT_TRUE(torch::allclose(statistics[layer].mean, x.mean({0, 2, 3}), 1e-3, 1e-5)) << layer;
        ++layer;
    }
    EXPECT_EQ(layer, 5U);
}

TEST(Vgg19, RefusesOtherWeights) {
    auto weights = random_vgg19();
    weights.erase("features.21.bias");
    weights["features.5.weight"] = torch::zeros({128, 64, 1, 1});
    const auto text =
        refusal(ErrorCode::mismatch, [&] { load_vgg19(save_vgg19("other.safetensors", weights)); });
    EXPECT_TRUE(has(text, "missing: features.21.bias")) << text;
    EXPECT_TRUE(has(text, "features.5.weight has shape [128, 64, 1, 1]")) << text;
    EXPECT_TRUE(has(text, "other.safetensors") && has(text, "torchvision")) << text;
    refusal(ErrorCode::not_found, [&] { load_vgg19(scratch() + "nowhere.pth"); });
}

TEST(Vgg19, SaysWhichPicturesAreTooSmall) {
    const auto network = GramNetwork::of_vgg19(save_vgg19("sizes.safetensors", random_vgg19()), torch::kCPU);
    EXPECT_NO_THROW(network.check_size(16, 16));
    refusal(ErrorCode::mismatch, [&] { network.check_size(64, 15); });
}

// ---- pictures

TEST(StylizationPairs, PlacesAreSpacedAndFollowTheSeed) {
    using Places = std::vector<std::int64_t>;
    EXPECT_EQ(spaced_places(10, 4, 0), (Places{0, 2, 5, 7}));
    EXPECT_EQ(spaced_places(3, 0, 0), (Places{0, 1, 2}));
    EXPECT_EQ(spaced_places(3, 9, 5), (Places{0, 1, 2}));
    EXPECT_EQ(spaced_places(100, 7, 3), spaced_places(100, 7, 3));
    EXPECT_NE(spaced_places(100, 7, 3), spaced_places(100, 7, 0));
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto places = spaced_places(50, 10, seed);
        for (std::size_t i = 1; i < places.size(); ++i) ASSERT_EQ(places[i] - places[i - 1], 5) << seed;
        ASSERT_TRUE(places.front() >= 0 && places.back() < 50) << seed;
    }
}

TEST(StylizationPairs, PicturesAreSquaredOrLeftAndBrokenOnesNamed) {
    const auto folder = make_pictures("stylization-contents", 4, 24, 16);
    std::ofstream(folder / "picture1.png") << "broken";
    StylizationPictures pictures({folder.string()}, {.count = 0, .seed = 0, .extent = 20});
    ASSERT_EQ(pictures.size(), 4U);
    EXPECT_EQ(pictures.name(2), "picture2");
    const auto first = pictures.get(0);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->width, 20);
    EXPECT_EQ(first->height, 20);
    EXPECT_FALSE(pictures.get(1));
    EXPECT_FALSE(pictures.get(1));
    ASSERT_EQ(pictures.skipped().size(), 1U);
    EXPECT_TRUE(has(pictures.skipped().front(), "picture1.png"));

    const auto refuse = [](std::int64_t width, std::int64_t height) {
        EXPECT_EQ(width, 24);
        EXPECT_EQ(height, 16);
        throw Error(ErrorCode::mismatch, "too small");
    };
    StylizationPictures own({folder.string()}, {.count = 0, .seed = 0, .extent = 0, .check_size = refuse});
    EXPECT_FALSE(own.get(0));
    EXPECT_FALSE(own.get(0));
    ASSERT_EQ(own.skipped().size(), 1U);
    EXPECT_TRUE(has(own.skipped().front(), "picture0.png: too small"));
}

// ---- levels

const StylizerLevels kAlexNet{.own = "conv5,conv2,conv1", .taps = {"conv1", "conv2", "conv5"}};

TEST(StylizationLevels, AreOrderedByTheDepthOfTheirTaps) {
    using Lists = std::vector<std::string>;
    const Lists both{"coarse-to-fine", "fine-to-coarse"};
    EXPECT_EQ(ordered_levels(kAlexNet, {}, {}), (Lists{"conv5,conv2,conv1"}));
    EXPECT_EQ(ordered_levels(kAlexNet, {}, both), (Lists{"conv5,conv2,conv1", "conv1,conv2,conv5"}));
    EXPECT_EQ(ordered_levels(kAlexNet, {"conv2:0.5,conv5"}, both),
              (Lists{"conv5,conv2:0.5", "conv2:0.5,conv5"}));
    EXPECT_EQ(ordered_levels(kAlexNet, {"conv2,conv5"}, {}), (Lists{"conv2,conv5"})) << "as it stands";
    EXPECT_EQ(ordered_levels(kAlexNet, {"conv5"}, both), (Lists{"conv5"})) << "each once";
    EXPECT_EQ(ordered_levels(kAlexNet, {"auto", "conv1"}, {}), (Lists{"conv5,conv2,conv1", "conv1"}));
}

TEST(StylizationLevels, ArePlainAtFullStrengthWithoutDetail) {
    EXPECT_EQ(plain_levels(kAlexNet, "conv5,conv2:1,conv1:1.0:0"), "conv5,conv2,conv1");
    EXPECT_EQ(plain_levels(kAlexNet, "conv5,conv2:0.9"), "");
    EXPECT_EQ(plain_levels(kAlexNet, "conv5,conv2:1:0.1"), "");
    const StylizerLevels detailed{.own = "conv5:1:0.9,conv2,conv1:1:0", .taps = kAlexNet.taps};
    EXPECT_EQ(plain_levels(detailed, detailed.own), "");
    EXPECT_EQ(plain_levels(detailed, "conv5,conv2"), "") << "the bundle's detail";
    EXPECT_EQ(plain_levels(detailed, "conv1,conv2"), "conv1,conv2");
    EXPECT_EQ(plain_levels(detailed, "conv1,conv2,conv5:1:0"), "conv1,conv2,conv5");
    EXPECT_EQ(plain_levels(detailed, "conv1,conv2:1:0:0.5"), "");
    EXPECT_EQ(plain_levels({.own = "conv5:1:0:1,conv2", .taps = kAlexNet.taps}, "conv5,conv2"), "");
}

TEST(StylizationLevels, UnknownOnesAreRefused) {
    const auto text =
        refusal(ErrorCode::invalid_argument, [&] { ordered_levels(kAlexNet, {"conv5,conv3"}, {}); });
    EXPECT_TRUE(has(text, "'conv3'") && has(text, "conv1, conv2, conv5")) << text;
    refusal(ErrorCode::invalid_argument, [&] { ordered_levels(kAlexNet, {","}, {}); });
    refusal(ErrorCode::invalid_argument, [&] { ordered_levels(kAlexNet, {}, {"upwards"}); });
}

// ---- table

/// Two rows, one column of two layers; values that are easy to check.
StylizationResult made_up() {
    StylizationResult out;
    out.columns = {{"enc,a", {"low", "deep"}}};
    out.contents = 2;
    out.styles = 1;
    for (const bool robust : {false, true}) {
        StylizationRow row{.name = robust ? "ar" : "std",
                           .architecture = "alexnet-stylizer",
                           .norm = robust ? "l2" : "",
                           .epsilon = robust ? 1.5 : 0,
                           .levels = "conv5,conv2,conv1",
                           .plain = "conv5,conv2,conv1",
                           .ssim = {},
                           .gram = {{{}, std::vector<Statistic>(2)}}};
        for (const double value : {0.25, 0.75}) {
            row.ssim.add(value);
            row.gram[0].layers[0].add(value);
            row.gram[0].layers[1].add(10 * value);
            row.gram[0].sum.add(11 * value);
        }
        row.seconds = 0.5;
        out.rows.push_back(row);
    }
    return out;
}

std::vector<std::string> lines_of(const std::string &text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

TEST(StylizationTable, StandardErrorIsOfTheMean) {
    Statistic statistic;
    for (const double value : {1.0, 2.0, 3.0, 6.0}) statistic.add(value);
    EXPECT_NEAR(standard_error(statistic), std::sqrt(14.0 / 3 / 4), 1e-12); // variance 14 / 3
    Statistic one;
    one.add(4);
    EXPECT_EQ(standard_error(one), 0);
}

TEST(Statistics, PairedDifferencesCountWhereTheyAreLargerThanTwiceTheirError) {
    const auto statistic = [](std::initializer_list<double> values) {
        Statistic out;
        for (const double value : values) out.add(value);
        return out;
    };
    const auto hard = statistic({10, 20, 30}), better = statistic({10.5, 20.6, 30.4});
    const auto paired = differences(better, hard);
    EXPECT_NEAR(paired.mean(), 0.5, 1e-12);
    EXPECT_NEAR(standard_error(paired), 0.1 / std::sqrt(3.0), 1e-12) << "not that of how hard pictures are";
    EXPECT_TRUE(counts(paired));
    EXPECT_EQ(paired_line("a less b", paired, " dB", "pictures"),
              "a less b: +0.5 dB (0.058), paired over 3 pictures\n");
    const auto chance = differences(statistic({11, 19, 31}), hard);
    EXPECT_FALSE(counts(chance));
    EXPECT_TRUE(has(paired_line("", chance, "", "pairs"), "within the errors"));
    EXPECT_FALSE(counts(differences(statistic({2}), statistic({1})))) << "one picture is no comparison";
    refusal(ErrorCode::internal, [&] { differences(hard, statistic({1})); });
}

TEST(StylizationTable, HasThePapersFiguresBesideItsOwnSettingAlone) {
    auto result = made_up();
    const auto lines = lines_of(stylization_table({}, result).text() + universal_line());
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_TRUE(has(lines[0], "Gram enc,a") && has(lines[0], "paper: Gram VGG-19")) << lines[0];
    EXPECT_TRUE(has(lines[1], "0.5000 (0.2500)") && has(lines[1], "5.5 (2.8)")) << lines[1]; // 2.75
    EXPECT_TRUE(has(lines[1], " std ") && has(lines[1], "1.694, 0.226")) << lines[1];
    EXPECT_TRUE(has(lines[2], "l2 1.5") && has(lines[2], "1.186, 0.259")) << lines[2];
    EXPECT_TRUE(has(lines[3], "1.223, 0.459")) << lines[3];

    StylizationEvaluation weaker;
    weaker.strength = 0.5;
    EXPECT_FALSE(has(lines_of(stylization_table(weaker, result).text())[1], "1.694"));
    result.rows[0].plain = "conv5";
    result.rows[1].architecture = "resnet18-stylizer";
    const auto others = lines_of(stylization_table({}, result).text() + universal_line());
    EXPECT_FALSE(has(others[1], "1.694")) << others[1];
    EXPECT_FALSE(has(others[2], "1.186")) << others[2];
    EXPECT_TRUE(paper_stylization("alexnet-stylizer", true, "conv1,conv2,conv5"));
}

TEST(StylizationTable, CsvHasALineARowAndTheLayers) {
    auto result = made_up();
    result.rows[1].epsilon.reset();
    const auto lines = lines_of(stylization_table({}, result).csv());
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0], "bundle,architecture,norm,epsilon,levels,strength,extent,contents,styles,pairs,ssim,"
                        "ssim_error,seconds_per_pair,\"gram enc,a\",\"gram error enc,a\",\"gram enc,a low\","
                        "\"gram enc,a deep\",paper_gram_vgg19,paper_ssim");
    EXPECT_EQ(lines[1], "std,alexnet-stylizer,,0,\"conv5,conv2,conv1\",1,224,2,1,2,0.50000,0.25000,0.50000,"
                        "5.5,2.75,0.5,5,1.694,0.226");
    EXPECT_EQ(lines[2], "ar,alexnet-stylizer,l2,,\"conv5,conv2,conv1\",1,224,2,1,2,0.50000,0.25000,0.50000,"
                        "5.5,2.75,0.5,5,,");
}

// ---- sheets

FloatPicture plain(std::int32_t width, std::int32_t height, float value) {
    return {
        width, height,
        std::vector<float>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, value)};
}

/// Five contents by two styles by two stylizers, of which three contents at most are shown.
StylizationSheet filled_sheet() {
    StylizationSheet sheet(5, 2, 3);
    for (std::size_t style = 0; style < 2; ++style) {
        sheet.add_style(style, "s" + std::to_string(style), plain(8, 8, 0));
        for (std::size_t content = 0; content < 5; ++content) {
            if (content == 1) continue; // cannot be read
            sheet.add_content(content, "c" + std::to_string(content), plain(8, 8, 1));
            for (std::size_t stylizer = 0; stylizer < 2; ++stylizer)
                sheet.add_result(stylizer, content, style,
                                 plain(8, 8, 0.1F * static_cast<float>(4 * content + 2 * style + stylizer)));
        }
    }
    return sheet;
}

float shade(const SheetCell &cell) {
    return std::round(10 * cell.picture.values.front());
}

TEST(StylizationSheets, GridHasStylesAboveAndContentsBeside) {
    const auto grid = filled_sheet().grid(1);
    ASSERT_EQ(grid.size(), 3U); // of the contents 0, 1 and 3 the second could not be read
    for (const auto &row : grid) ASSERT_EQ(row.size(), 3U);
    EXPECT_EQ(grid[0][1].caption, "s0");
    EXPECT_EQ(grid[0][2].caption, "s1");
    EXPECT_EQ(grid[1][0].caption, "c0");
    EXPECT_EQ(grid[2][0].caption, "c3");
    EXPECT_EQ(shade(grid[1][2]), 3);
    EXPECT_EQ(shade(grid[2][1]), 13);
    const fs::path path = scratch() + "grid.png";
    write_sheet(path, grid);
    EXPECT_GT(image::read(path).width(), 3 * 128);
}

TEST(StylizationSheets, ComparisonHasTheStylizersSideBySide) {
    const auto rows = filled_sheet().comparison({"std", "ar"});
    ASSERT_EQ(rows.size(), 2U);
    for (const auto &row : rows) ASSERT_EQ(row.size(), 4U);
    EXPECT_EQ(rows[0][1].caption, "s0");
    EXPECT_EQ(rows[1][1].caption, "s1");
    EXPECT_EQ(rows[1][3].caption, "ar");
    EXPECT_EQ(shade(rows[1][2]), 14);
    EXPECT_EQ(shade(rows[1][3]), 15);
}

TEST(StylizationSheets, LargePicturesAreReducedInProportion) {
    StylizationSheet sheet(1, 1, 1);
    sheet.add_content(0, "c", plain(1024, 512, 0.5F));
    const auto cell = sheet.grid(0).at(1).at(0);
    EXPECT_EQ(cell.picture.width, 256);
    EXPECT_EQ(cell.picture.height, 128);
    EXPECT_NEAR(cell.picture.values.front(), 0.5F, 1e-5);
}

TEST(StylizationSheets, FilesAreToldApartByBundleAndLevels) {
    EXPECT_EQ(sheet_of("out/sheet.png", "stylizer-paper", "conv5:0.8,conv2"),
              fs::path("out/sheet-stylizer-paper-conv5-0.8-conv2.png"));
    EXPECT_EQ(sheet_of("s.png", "runs/a", "x").filename(), fs::path("s-runs-a-x.png"));
}

// ---- with the plugin

/// A stylizer of two levels, "low" and "deep", with random weights.
fs::path small_stylizer(const std::string &name, const std::string &defaults = R"({"levels": "deep,low"})",
                        const std::string &task = "stylize") {
    const fs::path path = scratch() + name + ".mirra";
    test::write_stylizer(path.string(), {.defaults = defaults, .task = task});
    return path;
}

StylizationEvaluation small_evaluation(const std::string &name) {
    StylizationEvaluation out;
    out.contents = {make_pictures(name + "-contents", 3, 40, 32).string()};
    out.styles = {make_pictures(name + "-styles", 2, 36, 44).string()};
    out.bundles = {small_stylizer(name)};
    out.extent = 32;
    out.threads = 1;
    out.csv = scratch() + name + ".csv";
    return out;
}

TEST(StylizationEvaluation, RefusesBundlesThatAreNoStylizers) {
    const auto levels = [](const fs::path &path) {
        return stylizer_levels(*bundle::Bundle::open(path), path);
    };
    const auto own = levels(small_stylizer("own-levels"));
    EXPECT_EQ(own.own, "deep,low");
    EXPECT_EQ(own.taps, (std::vector<std::string>{"low", "deep"}));
    const auto text = refusal(ErrorCode::mismatch, [&] {
        levels(small_stylizer("an-inverter", R"({"layer": "deep"})", "invert"));
    });
    EXPECT_TRUE(has(text, "no bundle of the task 'stylize'") && has(text, "an-inverter.mirra")) << text;
    refusal(ErrorCode::corrupt, [&] { levels(small_stylizer("no-levels", "{}")); });
    refusal(ErrorCode::corrupt, [&] { levels(small_stylizer("odd-levels", R"({"levels": 3})")); });
}

TEST(StylizationEvaluation, MeasuresEveryPairAsItsPartsDo) {
    auto settings = small_evaluation("measured");
    settings.orders = {"coarse-to-fine", "fine-to-coarse"};
    const auto result = evaluate_stylization(settings);
    ASSERT_EQ(result.rows.size(), 2U);
    EXPECT_EQ(result.rows[0].levels, "deep,low");
    EXPECT_EQ(result.rows[1].levels, "low,deep");
    EXPECT_EQ(result.contents, 3);
    EXPECT_EQ(result.styles, 2);
    ASSERT_EQ(result.columns.size(), 1U);
    EXPECT_EQ(result.columns[0].layers, (std::vector<std::string>{"low", "deep"}));

    StylizationPictures contents(settings.contents, {.extent = 32}), styles(settings.styles, {.extent = 32});
    HostTask task("stylize", bundle::Bundle::open(settings.bundles[0]), {.threads = 1});
    const auto network = GramNetwork::of_encoder(settings.bundles[0], torch::kCPU);
    double ssim = 0, gram = 0, deep = 0;
    for (std::size_t c = 0; c < 3; ++c)
        for (std::size_t s = 0; s < 2; ++s) {
            const auto content = *contents.get(c), style = *styles.get(s);
            task.session().set_text("levels", "low,deep");
            const auto stylized = task.run(content, false, {{"style", &style}});
            ASSERT_EQ(stylized.values.size(), content.values.size());
            ssim += image::ssim({stylized.values, 32, 32, 3}, {content.values, 32, 32, 3}) / 6;
            const auto a = network.statistics(stylized), b = network.statistics(style);
            deep += gram_distance(a[1], b[1]) / 6;
            gram += (gram_distance(a[0], b[0]) + gram_distance(a[1], b[1])) / 6;
        }
    const auto &row = result.rows[1];
    EXPECT_EQ(row.ssim.count(), 6);
    EXPECT_NEAR(row.ssim.mean(), ssim, 1e-6);
    EXPECT_NEAR(row.gram[0].sum.mean(), gram, 1e-6 * gram);
    EXPECT_NEAR(row.gram[0].layers[1].mean(), deep, 1e-6 * deep);
    EXPECT_NE(result.rows[0].ssim.mean(), row.ssim.mean()) << "the order counts";
    EXPECT_GT(row.seconds, 0);
}

TEST(StylizationEvaluation, WithoutStrengthTheContentStays) {
    auto settings = small_evaluation("weak");
    settings.strength = 0;
    settings.style_count = 1;
    const auto result = evaluate_stylization(settings);
    EXPECT_EQ(result.rows[0].ssim.count(), 3);
    EXPECT_NEAR(result.rows[0].ssim.mean(), 1, 1e-5);
    EXPECT_GT(result.rows[0].gram[0].sum.mean(), 0);
    settings.styles = settings.contents;
    settings.count = 1;
    EXPECT_NEAR(evaluate_stylization(settings).rows[0].gram[0].sum.mean(), 0, 1e-9) << "its own style";
}

TEST(StylizationEvaluation, ColumnsAreTheSameForAllRows) {
    auto settings = small_evaluation("columns");
    settings.bundles.push_back(small_stylizer("columns-other"));
    settings.vgg19 = save_vgg19("columns.safetensors", random_vgg19());
    settings.count = 1;
    auto result = evaluate_stylization(settings);
    ASSERT_EQ(result.rows.size(), 2U);
    ASSERT_EQ(result.columns.size(), 3U);
    EXPECT_EQ(result.columns[0].network, "VGG-19");
    EXPECT_EQ(result.columns[1].network, "columns");
    EXPECT_EQ(result.columns[2].network, "columns-other");
    EXPECT_GT(result.rows[0].gram[0].sum.mean(), 0);
    EXPECT_EQ(result.rows[0].gram[1].sum.mean(), result.rows[1].gram[1].sum.mean()) << "the same weights";

    settings.vgg19.clear();
    settings.layers_of = {test::small_encoder("columns-encoder")};
    result = evaluate_stylization(settings);
    ASSERT_EQ(result.columns.size(), 1U);
    EXPECT_EQ(result.columns[0].network, "columns-encoder");
}

TEST(StylizationEvaluation, SkipsAndNamesWhatItCannotMeasure) {
    auto settings = small_evaluation("skipping");
    std::ofstream(fs::path(settings.contents[0]) / "picture1.png") << "broken";
    image::Image dot(4, 4, 3, image::SampleType::u8);
    image::write(fs::path(settings.styles[0]) / "dot.png", dot.view());
    settings.extent = 0;
    settings.sheet = scratch() + "skipping.png";
    settings.comparison = scratch() + "skipping-comparison.png";
    settings.orders = {"coarse-to-fine", "fine-to-coarse"};
    EXPECT_EQ(run_stylization_evaluation(settings), 1);
    const auto table = text_of(settings.csv);
    EXPECT_EQ(std::ranges::count(table, '\n'), 3) << table;
    EXPECT_TRUE(has(table, "\"deep,low\",1,0,2,2,4,")) << table; // contents, styles, pairs
    EXPECT_GT(image::read(settings.comparison).height(), 200);
    EXPECT_FALSE(fs::exists(settings.sheet)) << "a sheet a row";
    for (const auto *levels : {"deep,low", "low,deep"})
        EXPECT_GT(image::read(sheet_of(settings.sheet, "skipping", levels)).height(), 300);
    const auto skipped = evaluate_stylization(settings).skipped;
    ASSERT_EQ(skipped.size(), 2U);
    EXPECT_TRUE(has(skipped[0], "picture1.png")) << skipped[0];
    EXPECT_TRUE(has(skipped[1], "dot.png") && has(skipped[1], "11 pixels")) << skipped[1];
}

TEST(StylizationEvaluation, FailsEarlyOnWhatCannotWork) {
    auto settings = small_evaluation("early");
    settings.levels = {"deep,high"};
    EXPECT_TRUE(has(refusal(ErrorCode::invalid_argument, [&] { evaluate_stylization(settings); }), "'high'"));
    settings.levels.clear();
    settings.csv = scratch() + "no-such-folder/table.csv";
    EXPECT_TRUE(
        has(refusal(ErrorCode::not_found, [&] { run_stylization_evaluation(settings); }), "no-such-folder"));
    settings.csv.clear();
    settings.styles = {scratch() + "no-styles"};
    const auto text = refusal(ErrorCode::not_found, [&] { run_stylization_evaluation(settings); });
    EXPECT_TRUE(has(text, "--styles")) << text;
    settings.styles = settings.contents;
    settings.bundles.clear();
    EXPECT_TRUE(
        has(refusal(ErrorCode::invalid_argument, [&] { evaluate_stylization(settings); }), "--bundle"));
}

TEST(StylizationEvaluation, TheCommandTakesItsOptions) {
    const auto settings = small_evaluation("command");
    CLI::App app;
    int status = -1;
    add_stylization_evaluation(app, status);
    app.parse("stylization --content " + settings.contents[0] + " --styles " + settings.styles[0] +
              " --bundle " + settings.bundles[0].string() +
              " --levels deep,low low:0.5 --orders coarse-to-fine,fine-to-coarse --extent 32 --count 2 "
              "--style-count 1 --seed 4 --strength 0.5 --threads 1 --csv " +
              settings.csv.string());
    EXPECT_EQ(status, 0);
    const auto lines = lines_of(text_of(settings.csv));
    ASSERT_EQ(lines.size(), 4U); // the list of one level has one order
    EXPECT_TRUE(has(lines[1], "\"deep,low\",0.5,32,2,1,2,")) << lines[1];
    EXPECT_TRUE(has(lines[2], "\"low,deep\",0.5,32,2,1,2,")) << lines[2];
    EXPECT_TRUE(has(lines[3], "low:0.5,0.5,32,2,1,2,")) << lines[3];
}

} // namespace
