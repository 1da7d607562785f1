// Networks of one's own: pictures made worse, the training, the evaluation, bundles that tasks take.
#include "core/graph_module.hpp"
#include "data/degradation.hpp"
#include "eval/network.hpp"
#include "export/onnx.hpp"
#include "mirra/architectures.hpp"
#include "tasks/bundle.hpp"
#include "tasks/network.hpp"
#include "trainer_support.hpp"
#include "wrapped_task.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace {

using namespace mirra;
using namespace mirra::trainer;
using test::refusal;
using test::weights_of;
using testing::HasSubstr;

/// The row that an impulse at `place` of a row of `extent` becomes.
std::vector<float> spread(std::int64_t extent, std::int64_t place, std::int64_t to) {
    auto row = torch::zeros({1, 1, 1, extent});
    row[0][0][0][place] = 1;
    const auto out = resized_bicubic(row, 1, to).contiguous();
    const auto *data = out.const_data_ptr<float>();
    return {data, data + to};
}

TEST(Bicubic, ReducesByKeysKernelOfTwiceTheWidth) {
    // Pixel i of the half lies between 2i and 2i + 1: the taps are the kernel at 0.25, 0.75, 1.25 and 1.75.
    const auto out = spread(32, 16, 16);
    const double taps[] = {0.8671875, 0.2265625, -0.0703125, -0.0234375};
    EXPECT_NEAR(out[8], taps[0] / 2, 1e-6);
    EXPECT_NEAR(out[7], taps[1] / 2, 1e-6);
    EXPECT_NEAR(out[9], taps[2] / 2, 1e-6);
    EXPECT_NEAR(out[6], taps[3] / 2, 1e-6);
    EXPECT_EQ(out[5], 0);
    EXPECT_EQ(out[10], 0);
}

TEST(Bicubic, EnlargesByTheKernelItself) {
    const auto out = spread(16, 8, 32);
    EXPECT_NEAR(out[16], 0.8671875, 1e-6);
    EXPECT_NEAR(out[15], 0.2265625, 1e-6);
    EXPECT_NEAR(out[14], -0.0703125, 1e-6);
    EXPECT_NEAR(out[13], -0.0234375, 1e-6);
    EXPECT_EQ(out[12], 0);
}

TEST(Bicubic, MirrorsAtTheEdgesAndKeepsConstants) {
    const auto first = spread(8, 0, 4); // taps of pixels 0 and -1
    EXPECT_NEAR(first[0], (0.8671875 + 0.2265625) / 2, 1e-6);
    const auto constant = torch::full({1, 3, 9, 7}, 0.3);
    for (const auto &[height, width] : {std::pair(3, 2), std::pair(20, 30), std::pair(9, 7)})
        EXPECT_LT((resized_bicubic(constant, height, width) - 0.3).abs().max().item<double>(), 1e-6);
    const auto pictures = torch::rand({1, 3, 9, 7});
    EXPECT_LT((resized_bicubic(pictures, 9, 7) - pictures).abs().max().item<double>(), 1e-6);
}

TEST(Blur, IsAGaussianOfEachPicturesOwnWidth) {
    auto pictures = torch::zeros({2, 1, 41, 41});
    pictures.select(2, 20).select(2, 20).fill_(1);
    const auto out = blurred(pictures, {0, 2.5});
    EXPECT_LT((out[0] - pictures[0]).abs().max().item<double>(), 1e-6);
    const auto x = torch::arange(-20, 21).to(at::kDouble);
    const auto profile = out[1][0].sum(0).to(at::kDouble);
    EXPECT_NEAR(profile.sum().item<double>(), 1, 1e-5);
    EXPECT_NEAR((profile * x.square()).sum().item<double>(), 2.5 * 2.5, 0.2); // cut at 3 sigma
}

TEST(Degradation, ComesInItsOrderInEightBits) {
    const auto clean = torch::rand({2, 3, 32, 48});
    const Degradation all{
        .blur_minimum = 1, .blur_maximum = 1, .downscale = 2, .noise_minimum = 5, .noise_maximum = 5};
    const auto out = degraded(clean, all, 1, 2);
    EXPECT_EQ(out.sizes(), (std::vector<std::int64_t>{2, 3, 16, 24}));
    EXPECT_LT((out * 255 - (out * 255).round()).abs().max().item<double>(), 1e-4);
    const auto noise = out - resized_bicubic(blurred(clean, {1, 1}), 16, 24);
    EXPECT_NEAR(noise.std().item<double>() * 255, 5, 0.5);
    EXPECT_EQ(all.text(), "blur 1, downscale 2, noise 5");
    EXPECT_EQ(Degradation{}.text(), "none");
}

TEST(Degradation, HangsOnSeedAndStepAlone) {
    const auto clean = torch::rand({2, 3, 16, 16});
    const Degradation noise{.noise_minimum = 0, .noise_maximum = 50};
    const auto out = degraded(clean, noise, 1, 2);
    torch::rand({7});
    EXPECT_TRUE(torch::equal(out, degraded(clean, noise, 1, 2)));
    EXPECT_FALSE(torch::equal(out, degraded(clean, noise, 1, 3)));
    EXPECT_FALSE(torch::equal(out, degraded(clean, noise, 2, 2)));
}

TEST(Compared, LumaIsThatOfVideoWithoutItsBorder) {
    auto picture = torch::ones({1, 3, 8, 8});
    picture.slice(2, 0, 2).zero_();
    const auto luma = compared_part(picture, {.luma = true, .border = 2});
    EXPECT_EQ(luma.sizes(), (std::vector<std::int64_t>{1, 3, 4, 4}));
    EXPECT_NEAR(luma.min().item<double>(), 235.0 / 255, 1e-6);
    const auto black = compared_part(picture, {.luma = true, .border = 0});
    EXPECT_NEAR(black.min().item<double>(), 16.0 / 255, 1e-6);
    EXPECT_TRUE(torch::equal(compared_part(picture, {}), picture));
}

/// Convolutions, and the picture itself enlarged added to what they make.
graph::Graph enlarger(std::int64_t channels = 4) {
    graph::Builder b("upscaler");
    const auto image = b.input("image", 3);
    auto x = b.relu(b.conv2d(image, {.in = 3, .out = channels, .bias = true}, "head"));
    x = b.conv_transpose2d(
        x, {.in = channels, .out = 3, .kernel = 2, .stride = 2, .padding = 0, .bias = true}, "tail");
    b.output("image", b.add(x, b.upsample_nearest(image, 2)));
    return b.finish();
}

/// One convolution that may pass the picture on.
graph::Graph filter() {
    graph::Builder b("denoiser");
    b.output("image", b.conv2d(b.input("image", 3), {.in = 3, .out = 3, .bias = true}, "conv"));
    return b.finish();
}

constexpr const char *kRecipe = R"(
[data]
crop = 32
batch = 4
[degradation]
downscale = 2
[optimizer]
steps = 40
rate = 3e-3
average_decay = 0.5
[validation]
every = 20
pictures = 1
[training]
precision = "fp32"
)";

NetworkCommand command_for(const std::string &name, const graph::Graph &graph,
                           const std::string &recipe = kRecipe) {
    auto command = test::run_command<NetworkCommand>("network-" + name, recipe, "network.mirra");
    command.data = {test::make_pictures("network-" + name, 4, 80, 64)};
    command.graph = command.output.parent_path() / "graph.json";
    command.task = "not-there";
    std::ofstream(command.graph) << graph::to_json(graph);
    return command;
}

TEST(Network, LearnsAndResumesBitForBit) {
    auto whole = command_for("whole", enlarger());
    whole.defaults = {"strength=0.5", "mode=soft"};
    ASSERT_EQ(train_network(whole), 0);
    const auto bundle = bundle::Bundle::open(whole.output);
    EXPECT_EQ(bundle->manifest().task, "not-there");
    EXPECT_EQ(bundle->graph("upscaler"), enlarger());
    EXPECT_EQ(nlohmann::json::parse(bundle->manifest().defaults),
              (nlohmann::json{{"strength", 0.5}, {"mode", "soft"}}));

    auto broken = command_for("broken", enlarger());
    broken.data = whole.data;
    test::InterruptingTask interrupted(network_task(broken), 15);
    EXPECT_EQ(run_training(interrupted, {.folder = broken.output.string() + ".run"}), RunResult::interrupted);
    ASSERT_EQ(train_network(broken), 0);
    EXPECT_EQ(weights_of(broken.output), weights_of(whole.output));

    // Better than with the weights that it started from.
    auto first = command_for("first", enlarger());
    first.data = whole.data;
    first.overrides["optimizer.steps"] = "1";
    first.overrides["optimizer.rate"] = "1e-30";
    ASSERT_EQ(train_network(first), 0);
    NetworkEvaluation evaluation;
    evaluation.data = whole.data;
    evaluation.bundles = {first.output, whole.output};
    evaluation.degradation.downscale = 2;
    const auto rows = evaluate_network(evaluation).rows;
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].method, "bicubic");
    EXPECT_GT(rows[2].psnr, rows[1].psnr);
}

TEST(Network, StartsFromGivenWeights) {
    const auto first = command_for("origin", enlarger());
    ASSERT_EQ(train_network(first), 0);
    auto still = command_for("still", enlarger());
    still.data = first.data;
    still.weights = {first.output};
    still.overrides = {{"optimizer.steps", "1"}, {"optimizer.rate", "1e-30"}};
    ASSERT_EQ(train_network(still), 0);
    EXPECT_EQ(weights_of(still.output), weights_of(first.output));
    const auto provenance = nlohmann::json::parse(bundle::Bundle::open(still.output)->manifest().provenance);
    EXPECT_EQ(provenance.at("initial_weights"), bundle::Bundle::open(first.output)->sha256());
    still.graph = command_for("wider", enlarger(8)).graph;
    EXPECT_THAT(refusal(ErrorCode::mismatch, [&] { train_network(still); }),
                HasSubstr("head.weight has shape [4, 3, 3, 3], wanted [8, 3, 3, 3]"));
}

TEST(Network, FirstWeightsKeepVariances) {
    torch::manual_seed(1);
    GraphModule network(enlarger(256), {});
    start_evenly(network, {});
    const auto state = network.state();
    EXPECT_NEAR(state.at("head.weight").std().item<double>(), std::sqrt(2.0 / 27), 0.01);
    EXPECT_NEAR(state.at("tail.weight").std().item<double>(), std::sqrt(2.0 / 256), 0.01);
    EXPECT_EQ(state.at("head.bias").abs().max().item<double>(), 0);
    GraphModule zeroed(enlarger(), {.zero_init = {"tail"}});
    start_evenly(zeroed, {"tail"});
    EXPECT_EQ(zeroed.state().at("tail.weight").abs().max().item<double>(), 0);
}

TEST(Network, NetworksThatDoNotRestoreAreRefused) {
    EXPECT_THAT(refusal(ErrorCode::mismatch, [] { train_network(command_for("same", filter())); }),
                HasSubstr("makes [1, 3, 16, 16] of a picture [1, 3, 16, 16], but [1, 3, 32, 32] is what"));
    graph::Builder b("two");
    const auto x = b.concat({b.input("image", 3), b.input("level", 1)});
    b.output("image", b.conv2d(x, {.in = 4, .out = 3}, "conv"));
    EXPECT_THAT(refusal(ErrorCode::mismatch, [&] { train_network(command_for("two", b.finish())); }),
                HasSubstr("one picture of three channels"));
    auto odd = command_for("odd", enlarger());
    odd.overrides = {{"data.crop", "33"}};
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { train_network(odd); }),
                HasSubstr("multiple of 2"));
    auto misspelt = command_for("misspelt", enlarger());
    misspelt.overrides = {{"network.frozen", "haed"}};
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { train_network(misspelt); }),
                HasSubstr("no weight of the network begins with 'haed'"));
    auto idle = command_for("idle", enlarger());
    idle.overrides = {{"degradation.downscale", "1"}};
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { train_network(idle); }),
                HasSubstr("nothing to restore"));
    auto frozen = command_for("frozen", enlarger());
    frozen.overrides = {{"network.frozen", "head,tail"}};
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { train_network(frozen); }),
                HasSubstr("nothing is left to train"));
    auto over = command_for("over", enlarger());
    over.output = over.graph;
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { train_network(over); }),
                HasSubstr("would replace a file"));
    auto none = command_for("none", enlarger());
    none.graph = "nowhere.json";
    EXPECT_THAT(refusal(ErrorCode::not_found, [&] { train_network(none); }), HasSubstr("nowhere.json"));
}

/// Weights of filter() that pass the picture on, as a safetensors file.
std::filesystem::path passing_weights(const std::string &name, float middle = 1) {
    std::vector<float> kernel(81), bias(3);
    for (std::size_t c = 0; c < 3; ++c) kernel[c * 27 + c * 9 + 4] = middle;
    const std::filesystem::path path = test::scratch() + name + ".safetensors";
    bundle::write_tensors(
        path, {{"conv.weight", {bundle::DType::f32, {3, 3, 3, 3}, std::as_bytes(std::span(kernel))}},
               {"conv.bias", {bundle::DType::f32, {3}, std::as_bytes(std::span(bias))}}});
    return path;
}

BundleCommand bundle_command(const std::string &name, const graph::Graph &graph = filter()) {
    BundleCommand command;
    const std::filesystem::path json = test::scratch() + name + ".json";
    std::ofstream(json) << graph::to_json(graph);
    command.network.graphs = {json};
    command.network.files = {passing_weights(name)};
    command.network.output = test::scratch() + name + ".mirra";
    command.network.task = "denoise";
    return command;
}

TEST(NetworkEvaluation, ANetworkThatPassesPicturesOnHasThePSNRThatTheyHave) {
    const auto command = bundle_command("passing");
    make_bundle(command);
    const auto data = test::make_pictures("network-passing", 3, 41, 37);
    NetworkEvaluation evaluation;
    evaluation.data = {data};
    evaluation.bundles = {command.network.output};
    evaluation.degradation = {.noise_minimum = 20, .noise_maximum = 20};
    const auto rows = evaluate_network(evaluation).rows;
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].method, "degraded");
    EXPECT_EQ(rows[1].method, "passing");
    EXPECT_EQ(rows[0].count, 3);
    EXPECT_NEAR(rows[0].psnr, 20 * std::log10(255.0 / 20), 0.2);
    EXPECT_NEAR(rows[1].psnr, rows[0].psnr, 1e-6);
    evaluation.degradation = {.downscale = 2};
    EXPECT_THAT(refusal(ErrorCode::mismatch, [&] { evaluate_network(evaluation); }),
                HasSubstr("2 times as large"));
}

TEST(BundleOfOnesOwn, HasItsTaskAndDefaultsOfItsTypes) {
    auto command = bundle_command("typed");
    command.defaults = {"strength=1"};
    make_bundle(command);
    const auto manifest = bundle::Bundle::open(command.network.output)->manifest();
    EXPECT_EQ(manifest.task, "denoise");
    EXPECT_EQ(manifest.name, "typed");
    EXPECT_EQ(manifest.defaults, R"({"strength":1.0})"); // the task's type, not what it looks like
}

TEST(BundleOfOnesOwn, IsWrittenOnlyIfItsTaskTakesIt) {
    const auto refused = [](BundleCommand command, ErrorCode code) {
        const auto text = refusal(code, [&] { make_bundle(command); });
        EXPECT_FALSE(std::filesystem::exists(command.network.output)) << text;
        return text;
    };
    auto beyond = bundle_command("beyond"), unknown = bundle_command("unknown"),
         other = bundle_command("other");
    beyond.defaults = {"strength=5"};
    EXPECT_THAT(refused(beyond, ErrorCode::invalid_argument), HasSubstr("strength"));
    unknown.defaults = {"strenth=0.5"};
    EXPECT_THAT(refused(unknown, ErrorCode::not_found), HasSubstr("strength"));
    other.network.task = "invert";
    EXPECT_THAT(refused(other, ErrorCode::mismatch),
                HasSubstr("the task 'invert' does not take this bundle"));
    // What is wrong only with what the network makes shows when it runs.
    graph::Builder b("denoiser");
    b.output("image",
             b.max_pool(b.conv2d(b.input("image", 3), {.in = 3, .out = 3, .bias = true}, "conv"), 2, 2));
    const auto halved = bundle_command("halved", b.finish());
    EXPECT_THAT(refused(halved, ErrorCode::mismatch), HasSubstr("does not take this bundle"));
    auto unchecked = halved;
    unchecked.unchecked = true;
    make_bundle(unchecked);
    EXPECT_TRUE(std::filesystem::exists(unchecked.network.output));
}

TEST(BundleOfOnesOwn, AnOperationThatThereIsNotIsSaidWithWhereTheyAreListed) {
    auto command = bundle_command("misspelt");
    const auto graph = command.network.graphs.front();
    std::ofstream(graph) << R"({"name": "denoiser", "inputs": [{"name": "image", "channels": 3}],
        "nodes": [{"name": "a", "op": "reluu", "inputs": ["image"]}], "outputs": [{"name": "image", "source": "a"}]})";
    try {
        make_bundle(command);
        FAIL() << "it was taken";
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        EXPECT_THAT(error.what(), HasSubstr("reluu"));
        EXPECT_THAT(error.hint(), HasSubstr("ops.md"));
    }
}

TEST(Export, DoesNotReplaceTheBundleThatItReads) {
    const auto command = bundle_command("exported");
    make_bundle(command);
    const auto file = command.network.output.string();
    CLI::App app;
    add_export_command(app);
    EXPECT_THAT(
        refusal(ErrorCode::invalid_argument, [&] { app.parse("export " + file + " --onnx " + file); }),
        HasSubstr("replace the bundle"));
    EXPECT_NO_THROW(static_cast<void>(bundle::Bundle::open(file)));
}

TEST(BundleOfOnesOwn, WeightsThatAreNoNumbersAreRefused) {
    auto command = bundle_command("infinite");
    command.network.files = {passing_weights("infinite", NAN)};
    EXPECT_THAT(refusal(ErrorCode::invalid_argument, [&] { make_bundle(command); }),
                HasSubstr("conv.weight"));
    command.network.files = {passing_weights("large", 1e6F)};
    command.network.storage = bundle::DType::f16;
    EXPECT_THAT(refusal(ErrorCode::mismatch, [&] { make_bundle(command); }), HasSubstr("range of f16"));
    EXPECT_FALSE(std::filesystem::exists(command.network.output));
}

} // namespace
