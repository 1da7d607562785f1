// Training denoisers: noise of sensors and gray pictures, weights to start from, the paper's network behind
// an encoder of any width.
#include "core/graph_module.hpp"
#include "mirra/architectures.hpp"
#include "tasks/denoiser.hpp"
#include "tasks/denoiser_noise.hpp"
#include "trainer_small_encoder.hpp"
#include "trainer_support.hpp"
#include "wrapped_task.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace {

using namespace mirra;
using namespace mirra::trainer;
using test::refusal;
using test::weights_of;

constexpr double kFullRange = 255;

/// Gaussian noise of sigma 25 that is told to the network, not clipped.
NoiseRecipe gaussian() {
    return {.sigma_minimum = 25, .sigma_maximum = 25, .clip_probability = 0, .known_probability = 1};
}

/// Poisson noise alone: four levels per photon.
NoiseRecipe poisson() {
    auto recipe = gaussian();
    recipe.poisson_probability = 1;
    recipe.gain_minimum = recipe.gain_maximum = 4;
    recipe.read_maximum = 0;
    return recipe;
}

double deviation(const torch::Tensor &values) {
    return values.std().item<double>();
}

TEST(DenoiserNoise, DependsOnSeedAndStepAlone) {
    const auto clean = torch::full({4, 3, 32, 32}, 0.5);
    auto recipe = poisson();
    recipe.poisson_probability = recipe.gray_probability = recipe.clip_probability = 0.5;
    const auto first = add_noise(clean, recipe, 7, 3), again = add_noise(clean, recipe, 7, 3);
    EXPECT_TRUE(torch::equal(first.noisy, again.noisy));
    EXPECT_TRUE(torch::equal(first.noise_level, again.noise_level));
    EXPECT_FALSE(torch::equal(first.noisy, add_noise(clean, recipe, 7, 4).noisy));
    EXPECT_FALSE(torch::equal(first.noisy, add_noise(clean, recipe, 8, 3).noisy));
}

TEST(DenoiserNoise, OfAGaussianHasTheToldDeviation) {
    const auto clean = torch::rand({2, 3, 64, 64});
    const auto batch = add_noise(clean, gaussian(), 1, 1);
    EXPECT_TRUE(torch::equal(batch.target, clean));
    EXPECT_EQ(batch.noise_level.sizes(), (std::vector<std::int64_t>{2, 1, 64, 64}));
    EXPECT_NEAR(batch.noise_level.min().item<double>(), 25 / kFullRange, 1e-7);
    EXPECT_NEAR(batch.noise_level.max().item<double>(), 25 / kFullRange, 1e-7);
    EXPECT_NEAR(deviation(batch.noisy - clean), 25 / kFullRange, 0.01 * 25 / kFullRange);
    auto unknown = gaussian();
    unknown.known_probability = 0;
    EXPECT_EQ(add_noise(clean, unknown, 1, 1).noise_level.max().item<float>(),
              static_cast<float>(graph::kUnknownNoiseLevel));
}

TEST(DenoiserNoise, OfASensorGrowsWithTheSignal) {
    auto clean = torch::full({1, 3, 64, 128}, 0.1);
    clean.narrow(3, 64, 64).fill_(0.9);
    const auto batch = add_noise(clean, poisson(), 1, 1);
    const auto noise = batch.noisy - clean;
    for (const auto &[left, level] : {std::pair{0, 0.1}, {64, 0.9}}) {
        const double expected = std::sqrt(4 / kFullRange * level);
        EXPECT_NEAR(deviation(noise.narrow(3, left, 64)), expected, 0.03 * expected);
        EXPECT_NEAR(batch.noise_level.narrow(3, left, 64).mean().item<double>(), expected, 1e-6);
    }
}

TEST(DenoiserNoise, TheToldLevelOfASensorIsThatOfTheMeanColor) {
    auto clean = torch::zeros({1, 3, 8, 8});
    clean.select(1, 0).fill_(0.9);
    auto recipe = poisson();
    recipe.read_maximum = 50;
    const auto batch = add_noise(clean, recipe, 1, 1);
    const double shot = 4 / kFullRange * 0.9 / 3, level = batch.noise_level.max().item<double>();
    EXPECT_GT(level * level, shot);
    EXPECT_LT(level * level, shot + std::pow(50 / kFullRange, 2));
}

/// What is told of a level, as a share of it, and what the target keeps of the noise are tied.
TEST(DenoiserNoise, WhatIsNotToldStaysInTheTarget) {
    const auto clean = torch::full({6, 3, 24, 40}, 0.5);
    auto recipe = gaussian();
    recipe.partly_known_probability = 1;
    const auto batch = add_noise(clean, recipe, 3, 1);
    const auto share = batch.noise_level / (25 / kFullRange);
    EXPECT_GE(share.min().item<double>(), 0);
    EXPECT_LE(share.max().item<double>(), recipe.told_maximum + 1e-6);
    EXPECT_GT(share.max().item<double>(), 1); // more than there is asks for no more than all
    EXPECT_GT(deviation(share), 0.1);
    const auto kept = (batch.target - clean) / (batch.noisy - clean);
    const auto expected = (1 - share.clamp_max(1).square()).expand_as(kept);
    EXPECT_TRUE(torch::allclose(kept, expected, 1e-3, 1e-3));
}

TEST(DenoiserNoise, PicturesWithoutAToldLevelHaveTheCleanTarget) {
    const auto clean = torch::rand({6, 3, 16, 16});
    auto recipe = gaussian();
    recipe.partly_known_probability = 1;
    recipe.known_probability = 0;
    const auto batch = add_noise(clean, recipe, 3, 1);
    EXPECT_TRUE(torch::equal(batch.target, clean));
    EXPECT_EQ(batch.noise_level.max().item<float>(), static_cast<float>(graph::kUnknownNoiseLevel));
}

/// Recipes that tell all or nothing give the same noise as those that tell a share.
TEST(DenoiserNoise, ToldSharesLeaveTheNoiseAsItIs) {
    const auto clean = torch::rand({6, 3, 16, 16});
    auto partly = gaussian();
    partly.partly_known_probability = 0.5;
    EXPECT_TRUE(torch::equal(add_noise(clean, partly, 3, 1).noisy, add_noise(clean, gaussian(), 3, 1).noisy));
}

TEST(DenoiserNoise, GrayPicturesHaveEqualChannels) {
    const auto clean = torch::rand({2, 3, 16, 16});
    auto recipe = gaussian();
    recipe.gray_probability = 1;
    const auto batch = add_noise(clean, recipe, 1, 1);
    for (const auto &tensor : {batch.target, batch.noisy})
        for (const int channel : {1, 2})
            EXPECT_TRUE(torch::equal(tensor.select(1, 0), tensor.select(1, channel)));
    const auto luma = 0.299 * clean.select(1, 0) + 0.587 * clean.select(1, 1) + 0.114 * clean.select(1, 2);
    EXPECT_TRUE(torch::allclose(batch.target.select(1, 0), luma, 1e-5, 1e-6));
    EXPECT_GT(deviation(batch.noisy - batch.target), 0.05);
}

TEST(CameraProcessing, KeepsWhatHasNoDetailInColor) {
    auto ramp = torch::linspace(0, 1, 24).view({1, 1, 1, 24}).expand({2, 3, 16, 24}).contiguous();
    EXPECT_TRUE(torch::allclose(chroma_subsampled(ramp, true), ramp, 1e-5, 1e-6)) << "gray has no chroma";
    EXPECT_TRUE(torch::allclose(demosaiced(ramp).narrow(3, 2, 20), ramp.narrow(3, 2, 20), 1e-5, 1e-6))
        << "between its pixels a ramp is their mean";
    const auto flat = torch::tensor({0.2F, 0.5F, 0.9F}).view({1, 3, 1, 1}).expand({1, 3, 8, 10}).contiguous();
    for (const auto &result :
         {demosaiced(flat), chroma_subsampled(flat, false), chroma_subsampled(flat, true)})
        EXPECT_TRUE(torch::allclose(result, flat, 1e-5, 1e-6));
}

TEST(CameraProcessing, DemosaicingKeepsThePixelsOfTheMosaic) {
    const auto picture = torch::rand({1, 3, 8, 8}), result = demosaiced(picture);
    const auto same = [&](std::int64_t channel, std::int64_t row, std::int64_t column) {
        return torch::allclose(picture[0][channel].slice(0, row, 8, 2).slice(1, column, 8, 2),
                               result[0][channel].slice(0, row, 8, 2).slice(1, column, 8, 2), 1e-5, 1e-6);
    };
    EXPECT_TRUE(same(0, 0, 0) && same(1, 0, 1) && same(1, 1, 0) && same(2, 1, 1));
    EXPECT_FALSE(same(0, 0, 1) || same(2, 0, 0) || same(1, 0, 0));
}

TEST(CameraProcessing, SubsamplingHalvesChromaAndLeavesLuma) {
    const auto picture = torch::rand({1, 3, 16, 16});
    const auto luma = [](const torch::Tensor &p) {
        return 0.299 * p.select(1, 0) + 0.587 * p.select(1, 1) + 0.114 * p.select(1, 2);
    };
    const auto half = chroma_subsampled(picture, false), quarter = chroma_subsampled(picture, true);
    for (const auto &result : {half, quarter})
        EXPECT_TRUE(torch::allclose(luma(result), luma(picture), 1e-4, 1e-5));
    const auto chroma = [&](const torch::Tensor &p) { return deviation(p.select(1, 2) - luma(p)); };
    EXPECT_LT(chroma(half), 0.8 * chroma(picture));
    EXPECT_LT(chroma(quarter), 0.8 * chroma(half));
}

TEST(DenoiserNoise, OfCamerasIsCorrelatedAndToldAsItIsLeft) {
    const auto clean = torch::full({8, 3, 64, 64}, 0.5);
    for (const bool demosaic : {true, false}) {
        auto recipe = gaussian();
        (demosaic ? recipe.demosaic_probability : recipe.chroma_probability) = 1;
        const auto batch = add_noise(clean, recipe, 2, 1);
        EXPECT_TRUE(torch::allclose(batch.target, clean, 1e-5, 1e-6));
        const auto noise = batch.noisy - batch.target;
        for (std::int64_t i = 0; i < 8; ++i)
            EXPECT_NEAR(deviation(noise[i]), batch.noise_level[i].mean().item<double>(), 0.002);
        EXPECT_LT(deviation(noise), 0.95 * 25 / kFullRange);
        const auto red = noise.select(1, 0);
        const auto neighbours = (red.narrow(2, 0, 63) * red.narrow(2, 1, 63)).mean().item<double>();
        EXPECT_GT(neighbours, 0.1 * red.square().mean().item<double>());
    }
}

TEST(DenoiserNoise, TheTargetPassesTheSameCamera) {
    const auto clean = torch::rand({2, 3, 16, 16});
    auto recipe = poisson();
    recipe.demosaic_probability = recipe.chroma_probability = 1;
    const auto batch = add_noise(clean, recipe, 2, 1);
    for (std::int64_t i = 0; i < 2; ++i) {
        const auto mosaic = demosaiced(clean.narrow(0, i, 1)), target = batch.target.narrow(0, i, 1);
        EXPECT_TRUE(torch::allclose(target, chroma_subsampled(mosaic, true), 1e-5, 1e-6) ||
                    torch::allclose(target, chroma_subsampled(mosaic, false), 1e-5, 1e-6));
    }
    EXPECT_TRUE(batch.noisy.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(DenoiserNoise, PicturesOfNoCameraStayAsTheyWere) {
    const auto clean = torch::rand({8, 3, 16, 16});
    auto mixed = gaussian();
    mixed.demosaic_probability = 0.5;
    const auto with = add_noise(clean, mixed, 5, 2), without = add_noise(clean, gaussian(), 5, 2);
    int same = 0;
    for (std::int64_t i = 0; i < 8; ++i) {
        const bool kept = torch::equal(with.target[i], clean[i]);
        EXPECT_EQ(kept, torch::equal(with.noisy[i], without.noisy[i]));
        EXPECT_EQ(kept, torch::equal(with.noise_level[i], without.noise_level[i]));
        same += kept ? 1 : 0;
    }
    EXPECT_GT(same, 0);
    EXPECT_LT(same, 8);
}

TEST(DenoiserNoise, GrayPicturesComeFromNoMosaic) {
    auto recipe = gaussian();
    recipe.gray_probability = recipe.demosaic_probability = recipe.chroma_probability = 1;
    auto without = recipe;
    without.demosaic_probability = without.chroma_probability = 0;
    const auto clean = torch::rand({3, 3, 16, 16});
    EXPECT_TRUE(torch::equal(add_noise(clean, recipe, 2, 1).noisy, add_noise(clean, without, 2, 1).noisy));
}

/// Recipes from before sensor noise give the same batches where it is not drawn.
TEST(DenoiserNoise, PicturesWithoutSensorNoiseStayAsTheyWere) {
    const auto clean = torch::rand({8, 3, 16, 16});
    auto mixed = gaussian(), alone = gaussian();
    alone.sigma_minimum = mixed.sigma_minimum = 5;
    mixed.poisson_probability = 0.5;
    const auto with = add_noise(clean, mixed, 5, 2), without = add_noise(clean, alone, 5, 2);
    int same = 0;
    for (std::int64_t i = 0; i < 8; ++i)
        if (torch::allclose(with.noisy[i], without.noisy[i], 1e-5, 1e-6)) ++same;
    EXPECT_GT(same, 0);
    EXPECT_LT(same, 8);
}

TEST(DenoiserRecipes, TheShippedOnesAreValid) {
    int count = 0;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(MIRRA_RECIPES)) {
        if (!entry.path().filename().string().starts_with("denoiser")) continue;
        auto recipe = Recipe::load(entry.path());
        EXPECT_NO_THROW(static_cast<void>(DenoiserRecipe::read(recipe).network())) << entry.path();
        ++count;
    }
    EXPECT_GE(count, 5);
}

TEST(DenoiserRecipes, ImpossibleNoiseIsRefused) {
    for (const char *text : {"gain_minimum = 0", "gain_minimum = 5\ngain_maximum = 4", "read_maximum = -1",
                             "poisson_probability = 2", "gray_probability = -0.1"}) {
        auto recipe = Recipe::parse(std::string("[noise]\n") + text, "r");
        refusal(ErrorCode::invalid_argument, [&] { DenoiserRecipe::read(recipe); });
    }
}

TEST(DenoiserRecipes, LevelsAreToldToNetworksThatHearThem) {
    for (const char *network : {"noise_level_input = false", "architecture = \"alexnet-denoiser\""}) {
        auto recipe =
            Recipe::parse(std::string("[network]\n") + network + "\n[noise]\nknown_probability = 0.5", "r");
        const auto settings = DenoiserRecipe::read(recipe);
        EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { static_cast<void>(settings.network()); }),
                    testing::HasSubstr("known_probability"))
            << network;
    }
}

TEST(DenoiserRecipes, KeysOfAnotherArchitectureAreUnknown) {
    for (const char *text : {"architecture = \"alexnet-denoiser\"\nchannels = [8]",
                             "architecture = \"wavelet-denoiser\"\ncolor_tail = \"identity\""}) {
        auto recipe = Recipe::parse(std::string("[network]\n") + text, "r");
        refusal(ErrorCode::invalid_argument, [&] { DenoiserRecipe::read(recipe); });
    }
}

TEST(DenoiserRecipes, PrefixesOfNoWeightAreRefused) {
    for (const char *key : {"frozen", "zero_init", "spectral_norm"}) {
        auto recipe = Recipe::parse(
            "[network]\nchannels = [8]\nblocks = [1]\n" + std::string(key) + " = [\"decodr.\"]", "r");
        const auto settings = DenoiserRecipe::read(recipe);
        DenoiserOrigin origin;
        if (std::string(key) == "frozen") origin.start = bundle::Bundle::open(test::small_encoder("prefix"));
        EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { make_denoiser(settings, origin, at::kCPU); }),
                    testing::AllOf(testing::HasSubstr("decodr."), testing::HasSubstr(key)));
    }
}

TEST(DenoiserRecipes, ImpossibleNetworksAreRefused) {
    for (const auto &[text, subject] : {std::pair{"channels = [0, 8]\nblocks = [1, 1]", "(network.channels)"},
                                        {"channels = [8, 8]\nblocks = [1, -1]", "(network.blocks)"},
                                        {"channels = [8]\nblocks = [1, 1]", "(network.channels)"},
                                        {"channels = [100000]\nblocks = [1]", "(network)"},
                                        {"channels = []\nblocks = []", "(network.channels)"}}) {
        auto recipe = Recipe::parse(std::string("[network]\n") + text, "r");
        const auto settings = DenoiserRecipe::read(recipe);
        EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { static_cast<void>(settings.network()); }),
                    testing::HasSubstr(subject))
            << text;
    }
}

/// An AlexNet of an eighth of the width: 8, 24, 48, 32, 32 channels.
std::filesystem::path narrow_alexnet(const std::string &name) {
    torch::manual_seed(8);
    const auto graphs =
        graph::classifier({.architecture = "alexnet", .width = 0.125, .hidden = {8}, .pooled_extent = 1});
    GraphModule network(graphs.classifier, {});
    bundle::Manifest manifest;
    manifest.name = name;
    manifest.architecture = "alexnet";
    manifest.graphs = {{"encoder", graphs.encoder}, {"classifier", graphs.classifier}};
    const std::filesystem::path path = test::scratch() + name + ".mirra";
    bundle::write_bundle(path, manifest, network.weights(), bundle::DType::f16);
    return path;
}

TEST(AlexNetDenoiser, HasTheWidthAndTheConstantsOfItsEncoder) {
    const auto encoder =
        graph::classifier(
            {.architecture = "alexnet", .width = 0.5, .normalisation = {{{0.1, 0.2, 0.3}, {1, 2, 3}}}})
            .encoder;
    const auto denoiser = graph::alexnet_denoiser(encoder);
    const auto shapes = graph::weight_shapes(denoiser);
    for (const auto &[name, shape] : graph::weight_shapes(encoder)) EXPECT_EQ(shapes.at(name), shape);
    EXPECT_EQ(shapes.at("generator.conv5_2.weight"), (graph::Shape{96, 128, 3, 3}));
    EXPECT_EQ(shapes.at("generator.conv4_1.weight"), (graph::Shape{64, 96, 3, 3}));
    EXPECT_EQ(shapes.at("generator.conv2.weight"), (graph::Shape{16, 32, 3, 3}));
    EXPECT_EQ(denoiser.nodes.front().reals("mean"), (std::vector<double>{0.1, 0.2, 0.3}));
    EXPECT_EQ(graph::alignment(denoiser), 32);
    const auto scaled = graph::alexnet_denoiser(encoder, graph::InputTransform::scale_pm1);
    EXPECT_EQ(scaled.nodes.front().reals("mean"), std::vector<double>(3, 0.5));
}

TEST(AlexNetDenoiser, OfThePublishedWidthIsThePublishedOne) {
    const auto encoder = graph::alexnet_encoder(graph::InputTransform::scale_pm1);
    EXPECT_EQ(graph::alexnet_denoiser(encoder), graph::alexnet_denoiser());
}

TEST(AlexNetDenoiser, AnEncoderOfAnotherKindIsRefused) {
    const auto encoder = graph::classifier({.architecture = "resnet18", .width = 0.125}).encoder;
    EXPECT_THAT(refusal(ErrorCode::mismatch, [&] { graph::alexnet_denoiser(encoder); }),
                testing::HasSubstr("AlexNet"));
}

nlohmann::json provenance_of(const std::filesystem::path &path) {
    return nlohmann::json::parse(bundle::Bundle::open(path)->manifest().provenance);
}

constexpr const char *kAlexNet = R"(
[network]
architecture = "alexnet-denoiser"
spectral_norm = ["generator."]
frozen = ["encoder."]
color_tail = "identity"
[data]
crop = 64
batch = 4
[noise]
sigma_minimum = 25
sigma_maximum = 50
[loss]
feature = "relative"
feature_weight = 0.02
[optimizer]
steps = 12
rate = 3e-3
freeze_statistics_from = 0.6
[validation]
every = 6
pictures = 1
[training]
precision = "fp32"
)";

DenoiserCommand command_for(const std::string &name, const std::string &recipe) {
    auto command = test::run_command<DenoiserCommand>("denoiser-" + name, recipe, "denoiser.mirra");
    command.data = {test::make_pictures("denoiser-" + name, 4, 80, 64)};
    return command;
}

TEST(AlexNetDenoiser, LearnsBehindAFrozenEncoderAndResumesBitForBit) {
    auto whole = command_for("alexnet", kAlexNet);
    whole.encoder = narrow_alexnet("narrow");
    ASSERT_EQ(train_denoiser(whole), 0);
    const auto trained = weights_of(whole.output);
    for (const auto &[name, values] : weights_of(*whole.encoder)) {
        if (name.starts_with("encoder.")) {
            EXPECT_EQ(trained.at(name), values) << name;
        }
    }

    auto broken = command_for("alexnet-broken", kAlexNet);
    broken.data = whole.data;
    broken.encoder = whole.encoder;
    test::InterruptingTask interrupted(denoiser_task(broken), 5);
    EXPECT_EQ(run_training(interrupted, {.folder = broken.output.string() + ".run"}), RunResult::interrupted);
    ASSERT_EQ(train_denoiser(broken), 0);
    EXPECT_EQ(weights_of(broken.output), trained);

    const auto encoder = provenance_of(whole.output).at("encoder");
    EXPECT_EQ(encoder.at("name"), "narrow");
    EXPECT_EQ(encoder.at("sha256"), bundle::Bundle::open(*whole.encoder)->sha256());
}

constexpr const char *kSmall = R"(
[network]
channels = [8, 8]
blocks = [1, 1]
[data]
crop = 32
batch = 2
[noise]
poisson_probability = 0.5
gray_probability = 0.2
[optimizer]
steps = 6
[validation]
every = 6
pictures = 1
[training]
precision = "fp32"
)";

/// The recipe with other text in the place of some.
std::string replaced(std::string recipe, const std::string &from, const std::string &to) {
    return recipe.replace(recipe.find(from), from.size(), to);
}

TEST(DenoiserNetwork, AnEncoderThatNothingLooksAtIsRefused) {
    auto command = command_for("idle-encoder", kSmall);
    command.encoder = test::small_encoder("idle-encoder");
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { train_denoiser(command); }),
                testing::HasSubstr("--encoder"));
}

TEST(StartFrom, ABundleOfTheSameParametersGivesTheFirstWeights) {
    const auto first = command_for("first", kSmall);
    ASSERT_EQ(train_denoiser(first), 0);
    auto still =
        command_for("still", replaced(kSmall, "steps = 6", "steps = 1\nrate = 1e-30\nfinal_rate = 0"));
    still.start = first.output;
    ASSERT_EQ(train_denoiser(still), 0);
    EXPECT_EQ(weights_of(still.output), weights_of(first.output))
        << "a rate of 0 leaves the weights as they are";
    EXPECT_EQ(provenance_of(still.output).at("initial_weights"),
              bundle::Bundle::open(first.output)->sha256());
    EXPECT_FALSE(provenance_of(first.output).contains("initial_weights"));
}

TEST(StartFrom, ResumesBitForBitAndBelongsToTheRun) {
    const auto first = command_for("origin", kSmall);
    ASSERT_EQ(train_denoiser(first), 0);
    auto whole = command_for("start-whole", kSmall), broken = command_for("start-broken", kSmall);
    whole.data = broken.data = first.data;
    whole.start = broken.start = first.output;
    ASSERT_EQ(train_denoiser(whole), 0);
    test::InterruptingTask interrupted(denoiser_task(broken), 2);
    const auto folder = broken.output.string() + ".run";
    ASSERT_EQ(run_training(interrupted, {.folder = folder}), RunResult::interrupted);
    auto random = broken;
    random.start.reset();
    // The checkpoint is of a run with other first weights.
    refusal(ErrorCode::mismatch, [&] { train_denoiser(random); });
    ASSERT_EQ(train_denoiser(broken), 0);
    EXPECT_EQ(weights_of(broken.output), weights_of(whole.output));
}

TEST(StartFrom, ADeeperNetworkStartsWhereTheOtherEnded) {
    const auto first = command_for("shallow", kSmall);
    ASSERT_EQ(train_denoiser(first), 0);
    auto recipe = Recipe::parse(replaced(kSmall, "blocks = [1, 1]", "blocks = [1, 3]"), "deeper");
    const auto settings = DenoiserRecipe::read(recipe);
    const DenoiserOrigin origin{.encoder = nullptr, .start = bundle::Bundle::open(first.output)};
    const auto deeper = make_denoiser(settings, origin, torch::kCPU);
    GraphModule shallow(origin.start->graph("denoiser"), {});
    shallow.load(*origin.start);
    EXPECT_GT(deeper->trainable().size(), shallow.trainable().size());
    const std::map<std::string, torch::Tensor> inputs{{"image", torch::rand({1, 3, 32, 32})},
                                                      {"noise_level", torch::full({1, 1, 32, 32}, 0.1)}};
    const torch::NoGradGuard no_grad;
    const auto expected = shallow.forward(inputs).at("image"), result = deeper->forward(inputs).at("image");
    EXPECT_TRUE(torch::equal(result, expected));
    EXPECT_FALSE(torch::equal(result, inputs.at("image")));
}

TEST(StartFrom, ABundleOfOtherParametersIsRefused) {
    const auto first = command_for("narrow-start", kSmall);
    ASSERT_EQ(train_denoiser(first), 0);
    auto wider = command_for("wider", replaced(kSmall, "[8, 8]", "[8, 12]"));
    wider.start = first.output;
    EXPECT_THAT(refusal(ErrorCode::mismatch, [&] { train_denoiser(wider); }),
                testing::HasSubstr("other parameters"));
    wider.start = test::small_encoder("no-denoiser");
    EXPECT_THAT(refusal(ErrorCode::not_found, [&] { train_denoiser(wider); }),
                testing::HasSubstr("denoiser"));
}

} // namespace
