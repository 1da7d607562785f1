// Training of inverters: makes a bundle with every loss, learns, leaves the encoder alone, resumes bit for
// bit; evaluating them.
#include "core/graph_module.hpp"
#include "eval/evaluation.hpp"
#include "eval/inversion.hpp"
#include "eval/inversion_comparison.hpp"
#include "eval/paper.hpp"
#include "eval/similarity.hpp"
#include "import/import.hpp"
#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "report/training_report.hpp"
#include "tasks/generator.hpp"
#include "tasks/inverter.hpp"
#include "throws.hpp"
#include "trainer_record.hpp"
#include "trainer_small_encoder.hpp"
#include "trainer_support.hpp"
#include "wrapped_task.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace {

using namespace mirra;
using namespace mirra::trainer;
namespace fs = std::filesystem;
using mirra::test::make_pictures;
using mirra::test::refusal;
using mirra::test::weights_of;
using testing::HasSubstr;
using testing::Not;

constexpr const char *kRecipe = R"(
[data]
extent = 32
batch = 4
crop = "resized"
[loss]
feature = "relative"
[optimizer]
steps = 12
rate = 2e-3
average_decay = 0.9
[discriminator]
width = 0.0625
[validation]
every = 6
pictures = 4
[training]
precision = "fp32"
seed = 5
)";

/// A recipe makes it one of a radius.
fs::path make_encoder(const std::string &name, const std::string &adversary = "") {
    return mirra::test::small_encoder(name, R"({"extent": 32, "recipe_text": ")" + adversary + R"("})");
}

InverterCommand command_for(const std::string &name) {
    auto command = mirra::test::run_command<InverterCommand>("run-" + name, kRecipe, "inverter.mirra");
    command.encoder = make_encoder("encoder", R"([adversary]\nkind = 'pgd'\nepsilon = 1.5\n)");
    command.data = {make_pictures("inverter", 24, 40, 36).string()};
    return command;
}

double psnr_on_training_pictures(const InverterCommand &command) {
    const auto result = evaluate_inversion({.bundles = {command.output}, .data = command.data, .count = 8});
    return result.rows.back().similarity.psnr.mean();
}

class EveryLoss : public testing::TestWithParam<const char *> {};

TEST_P(EveryLoss, MakesABundleOfTheContract) {
    auto command = command_for("contract");
    command.overrides["loss.kind"] = GetParam();
    ASSERT_EQ(train_inverter(command), 0);
    const auto bundle = bundle::Bundle::open(command.output);
    EXPECT_EQ(bundle->manifest().task, "invert");
    EXPECT_EQ(inverted_layer(*bundle), "layer4");
    EXPECT_EQ(bundle->graph("encoder").outputs.size(), 2U);
    EXPECT_EQ(bundle->graph("generator-layer4").inputs.front().name, "features");
    EXPECT_EQ(bundle->graph("autoencoder-layer4").outputs.front().name, "image");
    const auto info = inverter_info(*bundle, command.output);
    EXPECT_EQ(info.loss, GetParam());
    EXPECT_EQ(info.architecture, "resnet18-layer4");
    EXPECT_EQ(info.epsilon, 1.5);
    const auto own = weights_of(command.output);
    for (const auto &[name, values] : weights_of(command.encoder)) {
        if (!name.starts_with("encoder.")) continue;
        for (std::size_t i = 0; i < values.size(); ++i) // stored in half precision
            ASSERT_NEAR(own.at(name)[i], values[i], 1e-3 * std::max(1.0F, std::abs(values[i]))) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(InverterTraining, EveryLoss, testing::Values("pix", "pix+feat", "pix+feat+gan"));

TEST(InverterTraining, Learns) {
    auto command = command_for("learns");
    command.overrides["optimizer.steps"] = "4";
    ASSERT_EQ(train_inverter(command), 0);
    const double early = psnr_on_training_pictures(command);
    command.overrides["optimizer.steps"] = "150";
    command.output = command.output.parent_path() / "longer.mirra";
    ASSERT_EQ(train_inverter(command), 0);
    EXPECT_GT(psnr_on_training_pictures(command), early + 1);
}

/// The generator of a narrow network's last layer, without or with the start of its tail.
GraphModule generator_of(const std::string &architecture, const std::string &layer, bool start) {
    torch::manual_seed(4);
    const auto encoder = graph::classifier({.architecture = architecture, .width = 0.125}).encoder;
    GraphModule generator(graph::generator(encoder, layer, {}), {.spectral_norm = {"generator."}});
    if (start) start_color_tail(generator);
    generator.eval();
    return generator;
}

TEST(InverterTraining, TheColorTailStartsWithEveryChannelAlive) {
    const torch::NoGradGuard no_grad;
    auto started = generator_of("alexnet", "conv5", true);
    started.train(); // the batch norms see what comes
    const auto image = started.forward({{"features", torch::rand({2, 32, 3, 3})}}).at("image");
    for (std::int64_t color = 0; color < 3; ++color) {
        const auto plane = image.select(1, color);
        EXPECT_NEAR(plane.mean().item<double>(), 0.5, 0.05);
        EXPECT_GT(plane.std().item<double>(), 0.1);
        EXPECT_LT((plane == plane.min()).to(torch::kFloat).mean().item<double>(), 0.05)
            << "cut off by the ReLU";
    }
}

TEST(InverterTraining, ARecipeThatAsksForATailThatIsNotThereIsRefused) {
    auto command = command_for("no-tail");
    std::ofstream(command.recipe, std::ios::app) << "[network]\ncolor_tail = \"identity\"\n";
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { train_inverter(command); }),
                HasSubstr("network.color_tail"));
}

TEST(InverterTraining, ValidationPicturesThatCannotBeReadAreAnErrorBeforeTheFirstStep) {
    auto command = command_for("unreadable");
    const auto folder = make_pictures("unreadable", 0, 40, 36);
    std::ofstream(folder / "a.png") << "no picture";
    command.validation = {folder.string()};
    refusal(ErrorCode::corrupt, [&] { inverter_task(command)->start(0); });
}

TEST(InverterTraining, OtherTailsStayAsTheyAre) {
    const auto plain = generator_of("resnet18", "layer4", false),
               started = generator_of("resnet18", "layer4", true);
    for (const auto &[name, tensor] : plain.state())
        EXPECT_TRUE(torch::equal(tensor, started.state().at(name))) << name;
}

TEST(InverterTraining, AKilledRunEndsWithTheSameWeights) {
    auto whole = command_for("whole");
    whole.overrides["loss.kind"] = "pix+feat+gan";
    ASSERT_EQ(train_inverter(whole), 0);
    auto killed = command_for("killed");
    killed.overrides = whole.overrides;
    const RunOptions options{
        .folder = killed.output.string() + ".run", .checkpoint_every = 5, .checkpoint_interval = {}};
    const auto task = inverter_task(killed);
    test::DyingTask dying(*task, 8);
    EXPECT_THROW(run_training(dying, options), test::Died);
    EXPECT_FALSE(fs::exists(killed.output));
    ASSERT_EQ(exit_status(run_training(*inverter_task(killed), options)), 0);
    EXPECT_EQ(weights_of(whole.output), weights_of(killed.output));
}

TEST(InverterTraining, ItsRecordMakesTheSameRunAndItsReport) {
    auto command = command_for("record");
    command.overrides = {{"loss.kind", "pix"}, {"optimizer.steps", "2"}, {"validation.every", "2"}};
    command.folder = command.output.parent_path() / "elsewhere";
    ASSERT_EQ(train_inverter(command), 0);
    const auto record = test::record_that_makes_the_run(command, add_inverter_command);
    EXPECT_EQ(record.pictures, 20);
    EXPECT_EQ(record.validation_pictures, 4);
    EXPECT_EQ(record.skipped, 0);
    EncoderReport report;
    report.run = command.folder;
    write_report(report); // which finds the bundle by the record
    const auto page = test::text_of(command.folder / "report.html");
    for (const auto *part : {"training for the task invert", "mirra-train inverter", "--loss", "fp32",
                             "of the data: its own split, or a part held out", "<th>LibTorch</th>"})
        EXPECT_THAT(page, HasSubstr(part));
    EXPECT_THAT(page, Not(HasSubstr("no run.json")));
}

TEST(InverterTraining, ACheckpointOfOtherPicturesOfTheSameDataIsRefused) {
    auto command = command_for("held-out");
    const RunOptions options{
        .folder = command.output.string() + ".run", .checkpoint_every = 5, .checkpoint_interval = {}};
    const auto task = inverter_task(command);
    test::DyingTask dying(*task, 8);
    EXPECT_THROW(run_training(dying, options), test::Died);
    const auto held_out = task->fingerprint();
    EXPECT_EQ(inverter_task(command)->fingerprint(), held_out);
    command.validation = {make_pictures("inverter-validation", 4, 40, 36).string()};
    const auto whole = inverter_task(command)->fingerprint();
    EXPECT_THAT(refusal(ErrorCode::mismatch, [&] { run_training(*inverter_task(command), options); }),
                HasSubstr("--restart"));
    EXPECT_TRUE(held_out.starts_with(whole + "|"))
        << "where nothing is held out, as earlier trainers have it";
    command.validation = {make_pictures("inverter-validation-2", 5, 40, 36).string()};
    EXPECT_EQ(inverter_task(command)->fingerprint(), whole) << "the same pictures are trained on";
    command.data.push_back(make_pictures("inverter-more", 5, 40, 36).string());
    EXPECT_NE(inverter_task(command)->fingerprint(), whole);
}

TEST(InverterTraining, StartsFromAnotherOfTheSameNetworkAlone) {
    auto first = command_for("first");
    ASSERT_EQ(train_inverter(first), 0);
    auto second = command_for("second");
    second.init = first.output;
    second.overrides["optimizer.steps"] = "1";
    ASSERT_EQ(train_inverter(second), 0);
    auto other = command_for("other");
    other.init = first.output;
    other.overrides["network.layer"] = "layer3";
    EXPECT_THAT(refusal(ErrorCode::not_found, [&] { train_inverter(other); }), HasSubstr("generator-layer3"));
}

TEST(InverterTraining, ImpossibleRecipesAreErrorsBeforeTheFirstStep) {
    const auto code = [](const std::string &extra, const char *layer = nullptr) {
        auto command = command_for("impossible");
        std::ofstream(command.recipe) << extra;
        if (layer != nullptr) command.overrides["network.layer"] = layer;
        try {
            train_inverter(command);
        } catch (const Error &error) {
            return error.code();
        }
        return ErrorCode::internal;
    };
    EXPECT_EQ(code("[data]\nextent = 32\nbatch = 4\n[validation]\npictures = 4", "conv5"),
              ErrorCode::not_found);
    EXPECT_EQ(code("[data]\nextent = 36\nbatch = 4\n[validation]\npictures = 4"),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code("[data]\nextent = 32\nbatch = 4\ngrowth = [16]\ngrowth_epochs = [1]\n[loss]\nkind = "
                   "\"pix+feat+gan\"\n[validation]\npictures = 4"),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code("[loss]\nkind = \"pix\"\npixel_weight = 0"), ErrorCode::invalid_argument);
}

TEST(InverterTraining, ABatchOfMorePicturesThanThereAreIsAllOfThem) {
    auto command = command_for("small-data");
    command.overrides = {{"data.batch", "1000"}, {"optimizer.steps", "1"}};
    testing::internal::CaptureStderr();
    ASSERT_EQ(train_inverter(command), 0);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                HasSubstr("a batch of 1000 is more than the 20 pictures"));
}

TEST(InverterRecipe, TheShippedOnesFitTheirEncoders) {
    int count = 0;
    for (const auto &entry : fs::recursive_directory_iterator(MIRRA_RECIPES)) {
        const auto name = entry.path().stem().string();
        if (!name.starts_with("inverter-")) continue;
        auto recipe = Recipe::load(entry.path());
        const auto settings = InverterRecipe::read(recipe);
        const auto architecture = name.substr(
            9, std::min({name.find("-longer"), name.find("-128"), name.find("-224"), name.find("-gan")}) - 9);
        const auto encoder = graph::classifier({.architecture = architecture}).encoder;
        const auto whole = graph::autoencoder(encoder, settings.layer,
                                              graph::generator(encoder, settings.layer, settings.generator));
        EXPECT_EQ(settings.extent % graph::alignment(whole), 0) << name;
        ++count;
    }
    EXPECT_GE(count, 9);
}

TEST(Inversion, MeasuresTheMeanColourBeside) {
    const auto command = command_for("measured");
    ASSERT_EQ(train_inverter(command), 0);
    const auto folder = make_pictures("measured", 3, 32, 32);
    std::ofstream(folder / "broken.png") << "no picture";
    const auto result = evaluate_inversion({.bundles = {command.output},
                                            .data = {folder.string()},
                                            .scales = {1, 2},
                                            .sheet = folder / "sheet.png"});
    ASSERT_EQ(result.rows.size(), 4U);
    ASSERT_EQ(result.sheet.size(), 3U) << "a row a picture";
    for (const auto &row : result.sheet) {
        ASSERT_EQ(row.size(), 3U) << "the original, and each scale";
        for (const auto &cell : row) EXPECT_EQ(cell.picture.width, row.front().picture.width);
    }
    EXPECT_EQ(result.skipped.size(), 1U);
    const auto picture = to_float(image::read(folder / "picture0.png", {}));
    const auto flat = mean_color(picture);
    EXPECT_NEAR(flat.values[0], flat.values[3], 1e-6);
    EXPECT_EQ(result.rows[0].similarity.psnr.count(), 3);
    EXPECT_GT(result.rows[0].similarity.psnr.mean(), 5);
    EXPECT_EQ(result.rows[3].scale, 2);
    auto table = inversion_table();
    for (const auto &row : result.rows) add_row(table, {}, row, std::nullopt);
    EXPECT_EQ(std::ranges::count(table.csv(), '\n'), 5);
}

TEST(Inversion, EachManifestReceivesItsOwnFigures) {
    auto command = command_for("recorded");
    ASSERT_EQ(train_inverter(command), 0);
    const auto other = command.output.parent_path() / "other" / command.output.filename();
    fs::create_directories(other.parent_path());
    command.output = other;
    command.overrides["optimizer.steps"] = "1";
    ASSERT_EQ(train_inverter(command), 0);
    const InversionEvaluation evaluation{
        .bundles = {command.output.parent_path().parent_path() / other.filename(), other},
        .data = {make_pictures("recorded", 3, 32, 32).string()},
        .extent = 64};
    const auto result = evaluate_inversion(evaluation);
    for (int time = 0; time < 2; ++time) record_inversion(evaluation, result); // again in the same place
    for (std::size_t n = 0; n < 2; ++n) {
        const auto quality = Quality::parse(bundle::Bundle::open(evaluation.bundles[n])->manifest().quality);
        ASSERT_EQ(quality.size(), 1U);
        EXPECT_NEAR(quality[0]["psnr"], result.rows[n + 1].similarity.psnr.mean(), 1e-4);
        EXPECT_EQ(quality[0]["extent"], 64);
    }
    EXPECT_NE(result.rows[1].similarity.psnr.mean(), result.rows[2].similarity.psnr.mean());
}

TEST(Inversion, RefusesABundleOfAnotherTask) {
    const auto encoder = make_encoder("no-inverter");
    EXPECT_THAT(
        [&] {
            static_cast<void>(
                evaluate_inversion({.bundles = {encoder}, .data = {make_pictures("x", 3, 32, 32).string()}}));
        },
        mirra::test::throws_error(ErrorCode::mismatch, "it is no inverter"));
}

TEST(Inversion, HasThePapersFigures) {
    EXPECT_EQ(paper_inversion("alexnet-conv5", "pix", true)->psnr, 19.904);
    EXPECT_EQ(paper_radius("resnet18-layer4", 1.5)->psnr, 19.6278);
    EXPECT_EQ(paper_scale("alexnet-conv5", 10, true)->psnr, 23.96);
    EXPECT_FALSE(paper_scale("alexnet-conv5", 11, true));
    EXPECT_FALSE(paper_inversion("resnet18-layer4", "pix", true));
}

/// LPIPS over random features and weights, as the two files of its users.
fs::path import_lpips() {
    torch::manual_seed(2);
    const auto write = [](const std::string &name, const bundle::Weights &weights) {
        std::map<std::string, std::vector<std::byte>> bytes;
        std::map<std::string, bundle::TensorView> views;
        for (const auto &[key, weight] : weights)
            bytes[key] = bundle::from_float(weight.values, bundle::DType::f32);
        for (const auto &[key, weight] : weights) views[key] = {bundle::DType::f32, weight.shape, bytes[key]};
        const fs::path path = mirra::test::scratch() + name;
        bundle::write_tensors(path, views);
        return path;
    };
    const auto uniform = [](const graph::Shape &shape) {
        const auto values = torch::rand(shape) * 0.1;
        const auto *data = values.const_data_ptr<float>();
        return bundle::WeightTensor{shape, {data, data + values.numel()}};
    };
    bundle::Weights features, weightings;
    const auto encoder = graph::alexnet_encoder(graph::InputTransform::mean_std);
    for (const auto &[name, shape] : graph::weight_shapes(encoder))
        features[name.substr(std::string("encoder.").size())] = uniform(shape);
    const std::int64_t channels[]{64, 192, 384, 256, 256};
    for (std::size_t tap = 0; tap < 5; ++tap)
        weightings["lin" + std::to_string(tap) + ".model.1.weight"] = uniform({1, channels[tap], 1, 1});
    ImportOptions options;
    options.architecture = "lpips-alex";
    options.files = {write("features.safetensors", features), write("weights.safetensors", weightings)};
    options.output = mirra::test::scratch() + "lpips.mirra";
    import_checkpoint(options);
    return options.output;
}

TEST(Lpips, GrowsWithTheDifferenceAndIsMeasuredWhenGiven) {
    const auto path = import_lpips();
    Lpips lpips(path, torch::kCPU);
    const auto picture = to_float(image::read(make_pictures("lpips", 2, 72, 64) / "picture1.png", {}));
    auto near = picture, far = picture;
    image::add_gaussian_noise(near.values, 0.05, 1, true);
    image::add_gaussian_noise(far.values, 0.3, 1, true);
    EXPECT_EQ(lpips.distance(picture, picture), 0);
    EXPECT_GT(lpips.distance(picture, near), 0);
    EXPECT_GT(lpips.distance(picture, far), lpips.distance(picture, near));
    EXPECT_THAT(
        [&] {
            static_cast<void>(
                lpips.distance({8, 8, std::vector<float>(192)}, {8, 8, std::vector<float>(192)}));
        },
        mirra::test::throws_error(ErrorCode::mismatch, "nothing is left"));

    const auto command = command_for("with-lpips");
    ASSERT_EQ(train_inverter(command), 0);
    InversionEvaluation evaluation{
        .bundles = {command.output}, .data = command.data, .extent = 64, .count = 2};
    EXPECT_EQ(evaluate_inversion(evaluation).rows.back().similarity.lpips.count(), 0);
    evaluation.lpips = path;
    const auto result = evaluate_inversion(evaluation);
    EXPECT_EQ(result.rows.back().similarity.lpips.count(), 2);
    EXPECT_GT(result.rows.back().similarity.lpips.mean(), 0);
}

TEST(RepresentationInversion, ComesNearerWithEveryTenthAndIsReproducible) {
    const auto path = make_encoder("searched");
    const auto bundle = bundle::Bundle::open(path);
    Comparator network(*bundle, graph::part_of(bundle->graph("encoder"), "layer3", "features"), torch::kCPU,
                       at::kFloat);
    torch::Tensor wanted;
    {
        const torch::NoGradGuard no_grad;
        torch::manual_seed(1);
        wanted = network.features(torch::rand({2, 3, 32, 32}));
    }
    const RepresentationInversion options{.iterations = 40, .step = 2, .seed = 9};
    const auto found = invert_by_optimisation(network, wanted, 32, options);
    ASSERT_EQ(found.distances.size(), 40U);
    EXPECT_LT(found.distances.back(), 0.7 * found.distances.front());
    EXPECT_TRUE(torch::equal(found.pictures, invert_by_optimisation(network, wanted, 32, options).pictures));
    const auto alone = invert_by_optimisation(network, wanted.slice(0, 0, 1), 32, options);
    EXPECT_TRUE(torch::allclose(alone.pictures[0], found.pictures[0], 0, 0.05));
}

TEST(PictureSet, HoldsOutEvenlySpacedPictures) {
    PictureSet set({make_pictures("held", 10, 16, 16).string()}, Split::train, {.labelled = false});
    const auto held = set.hold_out(3);
    EXPECT_EQ(held->size(), 3);
    EXPECT_EQ(set.size(), 7);
    EXPECT_NE(held->name(0), set.name(0));
    EXPECT_NO_THROW(held->get(2));
    EXPECT_THAT(
        [&] { static_cast<void>(set.hold_out(4)); },
        mirra::test::throws_error(ErrorCode::invalid_argument, "too few pictures: 7; 4 are held out"));
}

} // namespace
