// The shipped plugins over random networks, pictures of odd sizes, and tensors that need not fit: whatever
// the outcome, nothing crashes, hangs, reports a fault of the library's own or gives a result of another
// size.
//
// MIRRA_TEST_SEEDS: how many networks a plugin gets; MIRRA_TEST_FIRST_SEED: the first, to repeat one.
#include "mirra/error.hpp"
#include "random_graphs.hpp"
#include "stylizer_support.hpp"

#include <chrono>
#include <functional>

namespace {

using namespace mirra;
using namespace mirra::test;

std::int64_t from_environment(const char *name, std::int64_t standard) {
    const char *text = std::getenv(name);
    return text == nullptr ? standard : std::atoll(text);
}

const std::vector<float> kStrange{
    0, -1, 1e30F, 3e38F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()};

std::unique_ptr<Values> random_tensor(Dice &dice, const std::vector<std::int64_t> &shape,
                                      bool may_be_strange = true) {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    std::vector<float> values;
    const bool strange = may_be_strange && dice.chance(0.1);
    for (std::int64_t i = 0; i < count; ++i)
        values.push_back(strange && dice.chance(0.2) ? dice.one_of(kStrange)
                                                     : static_cast<float>(dice.real()));
    return std::make_unique<Values>(shape, std::move(values));
}

/// What one seed makes of one task: a bundle, a session, its runs.
class Trial {
  public:
    Trial(std::shared_ptr<Engine> engine, std::uint64_t seed) : dice(seed), engine_(std::move(engine)) {}

    void bundle_of(const char *task, const std::string &defaults,
                   const std::map<std::string, graph::Graph> &graphs) {
        const std::string path = temporary("random.mirra");
        write_small(path, "random", task, defaults, graphs, random_weights_of(dice, graphs));
        ok("open",
           [&](mirra_error **error) { return mirra_bundle_open(path.c_str(), bundle_.out(), error); });
    }

    bool session_of(const char *task, std::int32_t tile_size) {
        MIRRA_STRUCT(mirra_session_options, options);
        options.task = task;
        options.bundle = bundle_.get();
        options.tile_size = tile_size;
        options.memory_limit = memory_limit;
        options.precision = MIRRA_PRECISION_FP32;
        return ok("create", [&](mirra_error **error) {
            return mirra_session_create(engine_->get(), &options, session_.out(), error);
        });
    }

    void set(const char *name, const std::string &text) {
        ok("set", [&](mirra_error **error) {
            return mirra_session_set_text(session_.get(), name, text.c_str(), error);
        });
    }
    void set(const char *name, double value) { set(name, std::to_string(value)); }

    std::unique_ptr<Floats> some_picture(std::int32_t most = 50) {
        const auto side = [&] { return static_cast<std::int32_t>(dice.between(1, most)); };
        const auto color = dice.chance(0.2) ? MIRRA_COLOR_GRAY : MIRRA_COLOR_RGB;
        auto out = std::make_unique<Floats>(side(), side(), color, MIRRA_FORMAT_F32);
        const bool strange = dice.chance(0.1);
        for (float &sample : out->samples)
            sample = strange && dice.chance(0.1) ? dice.one_of(kStrange) : static_cast<float>(dice.real());
        return out;
    }

    void image(const char *name, const Floats &pixels) { ports_.push_back(port(name, pixels.image)); }
    void tensor(const char *name, DLManagedTensor *values) {
        MIRRA_STRUCT(mirra_port_value, value);
        value.name = name;
        value.tensor = values;
        ports_.push_back(value);
    }
    /// Whether the run gave a result; the ports are forgotten.
    bool run() {
        const auto ports = std::exchange(ports_, {});
        return ok("run", [&](mirra_error **error) {
            return mirra_session_run(session_.get(), ports.data(), ports.size(), nullptr, result_.out(),
                                     error);
        });
    }

    [[nodiscard]] std::vector<std::int64_t> shape_of(const char *result) const {
        const TensorView tensor = tensor_of(result_, result);
        if (tensor == nullptr) return {};
        return {tensor->dl_tensor.shape, tensor->dl_tensor.shape + tensor->dl_tensor.ndim};
    }
    [[nodiscard]] std::vector<float> values(const char *result) const {
        const TensorView tensor = tensor_of(result_, result);
        return tensor == nullptr ? std::vector<float>() : values_of(tensor);
    }

    /// Every graph by itself, on tensors of any size.
    void run_graphs(const std::map<std::string, graph::Graph> &graphs) {
        for (const auto &[name, graph] : graphs) {
            const auto height = dice.between(1, 40), width = dice.between(1, 40), n = dice.between(1, 2);
            Tensors inputs, outputs;
            std::map<std::string, graph::Shape> shapes;
            ok("tensors", [&](mirra_error **error) { return mirra_tensors_create(inputs.out(), error); });
            for (const graph::Input &input : graph.inputs) {
                shapes[input.name] = {n, input.channels, height, width};
                const auto given = random_tensor(dice, shapes[input.name]);
                ok("add", [&](mirra_error **error) {
                    return mirra_tensors_add(inputs.get(), input.name.c_str(), given->get(), error);
                });
            }
            MIRRA_STRUCT(mirra_graph_options, options);
            options.memory_limit = memory_limit;
            if (!ok("graph", [&](mirra_error **error) {
                    return mirra_graph_run(engine_->get(), bundle_.get(), name.c_str(), &options,
                                           inputs.get(), outputs.out(), error);
                }))
                continue;
            const auto promised = graph::infer_shapes(graph, shapes);
            for (const graph::Output &output : graph.outputs) {
                DLManagedTensor *tensor = nullptr;
                EXPECT_OK(mirra_tensors_get(outputs.get(), output.name.c_str(), &tensor, error));
                const TensorView owner(tensor);
                EXPECT_EQ(
                    promised.at(output.source),
                    graph::Shape(tensor->dl_tensor.shape, tensor->dl_tensor.shape + tensor->dl_tensor.ndim));
            }
        }
    }

    Dice dice;
    std::uint64_t memory_limit = 400U << 20U;

  private:
    /// Any error that says what it is about is fine, but not that the library is at fault.
    bool ok(const char *what, const std::function<mirra_status(mirra_error **)> &call) {
        Failure failure;
        const mirra_status status = call(failure.out());
        EXPECT_NE(MIRRA_E_INTERNAL, status) << what << ": " << message(failure);
        EXPECT_NE(MIRRA_E_PLUGIN, status) << what << ": " << message(failure);
        if (std::getenv("MIRRA_TEST_TALK") != nullptr)
            std::printf("%s: %s %s\n", what, mirra_status_name(status), message(failure).c_str());
        return status == MIRRA_OK;
    }

    std::shared_ptr<Engine> engine_;
    Bundle bundle_;
    Session session_;
    Result result_;
    std::vector<mirra_port_value> ports_;
};

class RandomGraphs : public OverRuntimes {
  protected:
    /// Calls play(trial), which says whether a run gave a result, for each seed.
    template<class Play> void for_seeds(const Play &play) {
        const auto count = from_environment("MIRRA_TEST_SEEDS", 20),
                   first = from_environment("MIRRA_TEST_FIRST_SEED", 1);
        const auto engine = inverter_engine(GetParam());
        std::int64_t results = 0;
        for (auto seed = first; seed < first + count && !HasFailure(); ++seed) {
            SCOPED_TRACE("seed " + std::to_string(seed));
            Trial trial(engine, static_cast<std::uint64_t>(seed));
            results += play(trial) ? 1 : 0;
        }
        RecordProperty("results", static_cast<int>(results));
        if (count < 20) return;
        EXPECT_GT(results, count / 5) << "the networks say nothing of the plugin";
    }
};

std::int32_t some_tile_size(Dice &dice) {
    return dice.chance(0.5) ? 0 : static_cast<std::int32_t>(dice.between(1, 48));
}

bool denoise(Trial &trial) {
    Dice &dice = trial.dice;
    RandomNetwork network(dice, "denoiser", "d.");
    network.input("image", 3);
    if (dice.chance(0.5)) {
        network.input("noise_level", 1);
        network.join_inputs();
    }
    const double wild = dice.chance(0.2) ? 0.3 : 0;
    for (auto layers = dice.between(1, 4); layers > 0; --layers)
        dice.chance(wild) ? network.wild_layer() : network.layer(12);
    network.enlarge();
    network.finish_with(dice.chance(0.95) ? 3 : dice.between(1, 4));
    network.output("image");
    const std::map<std::string, graph::Graph> graphs{{"denoiser", network.done()}};
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
    if (done && wild == 0 && !network.crops() && run(0, whole)) {
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
    const auto give = [&](DLManagedTensor *features_in, bool mixed) {
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

TEST_P(RandomGraphs, Denoise) {
    for_seeds(denoise);
}
TEST_P(RandomGraphs, Invert) {
    for_seeds(invert);
}
TEST_P(RandomGraphs, DetectByReconstruction) {
    for_seeds([](Trial &trial) { return detect(trial, "reconstruction"); });
}
TEST_P(RandomGraphs, DetectByLatentSearch) {
    for_seeds([](Trial &trial) { return detect(trial, "latent-search"); });
}
TEST_P(RandomGraphs, DetectByFeatureMemory) {
    for_seeds([](Trial &trial) { return detect(trial, "feature-memory"); });
}
TEST_P(RandomGraphs, Stylize) {
    for_seeds(stylize);
}

#ifdef MIRRA_TEST_REAL_RUNTIME
/// What a runtime makes of a graph of one input: its outputs, one behind the other.
std::vector<float> outputs_of(const Engine &engine, const Bundle &bundle, const graph::Graph &graph,
                              DLManagedTensor *input) {
    Tensors inputs, outputs;
    EXPECT_OK(mirra_tensors_create(inputs.out(), error));
    EXPECT_OK(mirra_tensors_add(inputs.get(), graph.inputs.front().name.c_str(), input, error));
    if (mirra_graph_run(engine.get(), bundle.get(), graph.name.c_str(), nullptr, inputs.get(), outputs.out(),
                        nullptr) != MIRRA_OK)
        return {};
    std::vector<float> all;
    for (const graph::Output &output : graph.outputs) {
        DLManagedTensor *tensor = nullptr;
        EXPECT_OK(mirra_tensors_get(outputs.get(), output.name.c_str(), &tensor, error));
        const auto values = values_of(TensorView(tensor));
        all.insert(all.end(), values.begin(), values.end());
    }
    return all;
}

// Else what holds over the one would say nothing of the other.
TEST(RandomGraphsOverBoth, TheFakeRuntimeComputesWhatTheRealOneDoes) {
    const Engine fake = make_engine(), real = make_engine(MIRRA_TEST_PLUGINS, MIRRA_TEST_REAL_RUNTIME);
    int compared = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const auto graphs = random_autoencoders(dice, {"low", "deep"}, false);
        auto weights = random_weights_of(dice, graphs);
        for (auto &[name, tensor] : weights)
            for (float &value : tensor.values)
                if (!(std::abs(value) < 10)) value = 1;
        const std::string path = temporary("both.mirra");
        write_small(path, "random", "invert", "{}", graphs, weights);
        const Bundle bundle = open_bundle(path);
        for (const auto &[name, graph] : graphs) {
            const std::vector<std::int64_t> shape{dice.between(1, 2), graph.inputs.front().channels,
                                                  dice.between(1, 40), dice.between(1, 40)};
            const auto given = random_tensor(dice, shape, false);
            const auto one = outputs_of(fake, bundle, graph, given->get()),
                       other = outputs_of(real, bundle, graph, given->get());
            ASSERT_EQ(one.size(), other.size()) << name;
            double largest = 1;
            for (const float value : one) largest = std::max(largest, std::abs(static_cast<double>(value)));
            EXPECT_LT(largest_difference(one, other), 1e-4 * largest) << name;
            compared += one.empty() ? 0 : 1;
        }
    }
    EXPECT_GT(compared, 100);
}
#endif

INSTANTIATE_TEST_SUITE_P(Runtimes, RandomGraphs, ::testing::ValuesIn(all_runtimes()), runtime_name);

} // namespace
