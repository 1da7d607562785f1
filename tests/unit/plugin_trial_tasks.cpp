// A trial of each task.
#include "mirra/error.hpp"
#include "plugin_trials.hpp"

namespace mirra::test {
namespace {

std::int32_t some_tile_size(Dice &dice) {
    return dice.chance(0.5) ? 0 : static_cast<std::int32_t>(dice.between(1, 48));
}

constexpr Freedom kFree{.nodes = 8, .height = 40, .width = 50, .most_channels = 6, .keeps_size = true};

graph::Graph random_denoiser(Dice &dice, double wild) {
    NetworkGrower network(dice, "denoiser", "d.");
    network.input("image", 3);
    if (dice.chance(0.5)) {
        network.input("noise_level", 1);
        network.join_inputs();
    }
    for (auto layers = dice.between(1, 4); layers > 0; --layers)
        dice.chance(wild) ? network.wild_layer() : network.layer(12);
    network.enlarge();
    network.finish_with(dice.chance(0.95) ? 3 : dice.between(1, 4));
    network.output("image");
    return network.done();
}

/// Whether a layer takes rows or columns away.
bool crops(const graph::Graph &graph) {
    return std::ranges::find(graph.nodes, graph::Op::crop, &graph::Node::op) != graph.nodes.end();
}

/// A memory of random members over a tap of the encoder.
graph::Graph random_memory(Dice &dice, const graph::Graph &encoder, const std::string &tap) {
    graph::Graph memory = graph::part_of(encoder, tap, "patches");
    memory.name = "memory";
    const auto shapes = graph::infer_shapes(
        memory, {{"image", {1, 3, 64 * graph::alignment(memory), 64 * graph::alignment(memory)}}});
    const std::string features = memory.outputs.front().source;
    const auto &shape = shapes.at(features);
    if (shape.size() != 4) return memory;
    const auto channels = shape[1];
    memory.nodes.push_back({"m.similarity",
                            graph::Op::conv2d,
                            {features},
                            {{"in_channels", channels},
                             {"out_channels", dice.between(1, 5)},
                             {"kernel", dice.chance(0.9) ? std::int64_t{1} : std::int64_t{2}}},
                            {{"weight", "m.weight"}, {"bias", "m.bias"}}});
    memory.outputs.push_back({"similarity", "m.similarity"});
    graph::validate(memory);
    return memory;
}

/// A prepared style that need not be one.
std::unique_ptr<Values> damaged(Dice &dice, std::vector<float> style) {
    if (style.empty()) style = {20051, 1, 1};
    if (dice.chance(0.3)) return as_tensor(std::move(style));
    if (dice.chance(0.3)) style.resize(static_cast<std::size_t>(dice.between(1, std::ssize(style) + 3)));
    for (auto changes = dice.between(0, 2); changes > 0; --changes)
        style[static_cast<std::size_t>(dice.between(0, std::ssize(style) - 1))] =
            dice.chance(0.5) ? dice.one_of(kStrange) : static_cast<float>(dice.between(-2, 5000));
    return as_tensor(std::move(style));
}

} // namespace

bool denoise(Trial &trial) {
    Dice &dice = trial.dice;
    const double wild = dice.chance(0.2) ? 0.3 : 0;
    const bool free = dice.chance(0.2);
    auto network = free ? random_graph(dice, kFree) : random_denoiser(dice, wild);
    network.name = "denoiser";
    const std::map<std::string, graph::Graph> graphs{{"denoiser", network}};
    trial.bundle_of("denoise", dice.chance(0.3) ? R"({"auto_noise_level": "estimated"})" : "{}", graphs);
    std::map<const char *, double> settings;
    for (const char *share : {"strength", "chrominance", "detail"})
        if (dice.chance(0.3)) settings[share] = dice.real();
    if (dice.chance(0.3)) settings["sigma"] = 50 * dice.real();
    const auto in = trial.some_picture(), map = trial.some_picture();
    const bool mapped = dice.chance(0.2);
    const auto run = [&](std::int32_t tile_size, Floats &out) {
        if (!trial.session_of("denoise", tile_size)) return false;
        for (const auto &[name, value] : settings) trial.set(name, value);
        trial.image("image", *in);
        trial.image("output", out);
        if (mapped) trial.image("noise_map", *map);
        return trial.run();
    };
    Floats out(in->image.width, in->image.height, in->image.color, MIRRA_FORMAT_F32),
        whole(in->image.width, in->image.height, in->image.color, MIRRA_FORMAT_F32);
    const bool done = run(some_tile_size(dice), out);
    // A wild network may give a picture of the right size by chance, on some grids alone. What is padded
    // where it was cropped before is another thing at the border of a tile than within the whole.
    if (done && (free || wild == 0) && !crops(network) && run(0, whole)) {
        EXPECT_LT(largest_difference(out.samples, whole.samples), 1e-3) << "tiles differ from the whole";
    }
    trial.run_graphs(graphs);
    return done;
}

bool invert(Trial &trial) {
    Dice &dice = trial.dice;
    const auto graphs = random_autoencoders(dice, {"low", "deep"}, false);
    const std::string layer = dice.chance(0.5) ? "low" : "deep";
    trial.bundle_of("invert", R"({"layer": ")" + layer + R"("})", graphs);
    if (!trial.session_of("invert", some_tile_size(dice))) return false;
    if (dice.chance(0.3)) trial.set("method", "optimize");
    trial.set("iterations", "2");
    if (dice.chance(0.5)) trial.set("t", dice.real());
    if (dice.chance(0.3)) trial.set("channels", "0:" + std::to_string(2 * dice.real()));
    const auto in = trial.some_picture(), mix = trial.some_picture();
    Floats out(in->image.width, in->image.height, in->image.color, MIRRA_FORMAT_F32);
    const auto give = [&](const DLTensor *features_in, bool mixed) {
        trial.image("image", *in);
        trial.image("output", out);
        if (features_in != nullptr) trial.tensor("features_in", features_in);
        if (mixed) trial.image("mix", *mix);
        trial.tensor("features_out", nullptr);
        return trial.run();
    };
    const bool done = give(nullptr, dice.chance(0.3));
    if (!done) return false;
    auto shape = trial.shape_of("features_out");
    EXPECT_EQ(shape.size(), 4U);
    Values same(shape, trial.values("features_out")); // go back in
    give(same.get(), false);
    if (dice.chance(0.5) && shape.size() == 4)
        shape[static_cast<std::size_t>(dice.between(0, 3))] += dice.between(0, 2);
    const auto others = random_tensor(dice, shape);
    give(others->get(), dice.chance(0.1));
    trial.run_graphs(graphs);
    return done;
}

bool detect(Trial &trial, const char *method) {
    Dice &dice = trial.dice;
    auto graphs = random_autoencoders(dice, {"low", "deep"}, false);
    const std::string layer = dice.chance(0.5) ? "low" : "deep";
    const std::int64_t step = graph::alignment(graphs.at("encoder"));
    const std::int64_t extent =
        dice.chance(0.9) ? dice.between(24 / step + 1, 72 / step + 1) * step : dice.between(1, 40);
    try {
        graphs["memory"] = random_memory(dice, graphs.at("encoder"), layer);
    } catch (const mirra::Error &) { // no picture of that size fits
        graphs.erase("memory");
    }
    trial.bundle_of("detect",
                    R"({"layer": ")" + layer + R"(", "extent": )" + std::to_string(extent) +
                        R"(, "reconstruction_threshold": 0.5, "reconstruction_slope": 2,
                            "reconstruction_offset": -1})",
                    graphs);
    if (!trial.session_of("detect", 0)) return false;
    trial.set("method", method);
    trial.set("iterations", "3");
    if (dice.chance(0.2)) trial.set("rate", 1000 * dice.real());
    if (dice.chance(0.2)) trial.set("pixel_weight", 1e12 * dice.real());
    if (dice.chance(0.2)) trial.set("overlay", "false");
    const auto in = trial.some_picture();
    Floats heatmap(in->image.width, in->image.height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    trial.image("image", *in);
    if (dice.chance(0.7)) trial.image("heatmap", heatmap);
    const std::int64_t more = dice.chance(0.5) ? dice.between(1, 3) : 0;
    const auto batch = random_tensor(dice, {std::max<std::int64_t>(more, 1), dice.chance(0.9) ? 3 : 2,
                                            dice.between(1, 30), dice.between(1, 30)});
    if (more > 0) trial.tensor("batch", batch->get());
    trial.tensor("heat", nullptr);
    trial.tensor("scores", nullptr);
    if (!trial.run()) return false;
    EXPECT_EQ(trial.shape_of("scores"), (std::vector<std::int64_t>{1 + more}));
    EXPECT_EQ(trial.shape_of("heat"), (std::vector<std::int64_t>{1 + more, 1, extent, extent}));
    trial.run_graphs(graphs);
    return true;
}

bool stylize(Trial &trial) {
    Dice &dice = trial.dice;
    const auto graphs = random_autoencoders(dice, {"low", "deep"}, true);
    trial.bundle_of("stylize",
                    dice.chance(0.5) ? R"({"levels": "deep:0.8:0.5,low"})" : R"({"levels": "low"})", graphs);
    std::vector<float> prepared;
    const auto style = trial.some_picture(), mask = trial.some_picture(), in = trial.some_picture();
    if (trial.session_of("style-prepare", 0)) {
        if (dice.chance(0.3)) trial.set("style_scale", 0.1 + 3 * dice.real());
        trial.image("image", *style);
        trial.tensor("statistics", nullptr);
        if (trial.run()) prepared = trial.values("statistics");
    }
    if (!trial.session_of("stylize", some_tile_size(dice))) return false;
    trial.set("margin", std::to_string(dice.chance(0.5) ? 0 : dice.between(0, 20)));
    if (dice.chance(0.3)) trial.set("strength", dice.real());
    if (dice.chance(0.3)) trial.set("preserve_color", "true");
    if (dice.chance(0.3)) trial.set("levels", "low,deep:0.5");
    Floats out(in->image.width, in->image.height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    const auto given = damaged(dice, prepared);
    trial.image("image", *in);
    trial.image("output", out);
    if (dice.chance(0.5))
        trial.image("style", *style);
    else
        trial.tensor("statistics", given->get());
    if (dice.chance(0.4)) trial.image("mask", *mask);
    if (dice.chance(0.2)) trial.image("style_2", *in);
    const bool done = trial.run();
    trial.run_graphs(graphs);
    return done;
}

} // namespace mirra::test
