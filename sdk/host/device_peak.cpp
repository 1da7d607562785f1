// What a device computes at most: measured by a network that is nothing but matrix products. The chain is
// long beside what leads into it and out of it, and a run long beside its start.
#include "compiled_graphs.hpp"
#include "engine_runs.hpp"
#include "local_engine.hpp"
#include "mirra/error.hpp"
#include "process_life.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

namespace mirra::host {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::int64_t kChannels = 512, kLayers = 8;
constexpr std::int64_t kFirstExtent = 8, kLargestExtent = 1024; ///< activations of 2 GiB each in fp32
constexpr Seconds kRun(0.02), kAll(0.4);

/// One channel comes out, so that waiting for the result costs no copy.
graph::Graph chain() {
    graph::Builder builder("peak");
    std::string x = builder.input("image", kChannels);
    for (std::int64_t i = 0; i < kLayers; ++i)
        x = builder.conv2d(x, {.in = kChannels, .out = kChannels, .kernel = 1, .padding = 0},
                           "layer" + std::to_string(i));
    x = builder.conv2d(x, {.in = kChannels, .out = 1, .kernel = 1, .padding = 0}, "last");
    builder.output("sum", x);
    return builder.finish();
}

/// Values that no kernel can take a shortcut for, and that neither grow nor vanish along the chain.
runtime::WeightSource random_weights(const graph::Graph &graph, std::vector<float> &values) {
    std::minstd_rand random(1);
    const float bound = 1 / std::sqrt(static_cast<float>(kChannels) / 3);
    std::uniform_real_distribution<float> uniform(-bound, bound);
    values.resize(static_cast<std::size_t>(kChannels * kChannels));
    std::ranges::generate(values, [&] { return uniform(random); });
    return [shapes = graph::weight_shapes(graph), &values](const std::string &name) {
        const graph::Shape &shape = shapes.at(name);
        return runtime::Weight{shape, std::span(values).first(static_cast<std::size_t>(shape[0] * shape[1]))};
    };
}

/// Until its result is there.
double seconds_of_run(runtime::Module &module, runtime::Executable &executable,
                      const runtime::TensorPtr &input) {
    const auto start = std::chrono::steady_clock::now();
    const auto outputs = executable.run(std::span(&input, 1));
    std::vector<float> values(static_cast<std::size_t>(input->shape()[2] * input->shape()[3]));
    module.download(*outputs.front(), values, runtime::Layout::nchw);
    return Seconds(std::chrono::steady_clock::now() - start).count();
}

/// Multiply-accumulate operations a second, the best of several runs.
/// @param look  called between the runs; what it throws ends them
double best_rate(runtime::Module &module, const std::string &device, runtime::Precision precision,
                 const Look &look) {
    const graph::Graph graph = chain();
    std::vector<float> values;
    const auto executable =
        module.compile(graph, random_weights(graph, values), {.device = device, .precision = precision});
    const auto scope = module.enter(module.make_arena(0));
    double best = 0;
    Seconds spent(0);
    for (std::int64_t extent = kFirstExtent; spent < kAll;) {
        look();
        const auto input = module.full({1, kChannels, extent, extent}, 0.5, device);
        const Seconds took(seconds_of_run(module, *executable, input));
        spent += took;
        const auto work = graph::multiply_accumulates(graph, extent, extent);
        best = std::max(best, static_cast<double>(work) / took.count());
        if (took < kRun && extent < kLargestExtent) extent *= 2;
    }
    return best;
}

} // namespace

double measure_peak_here(LocalEngine &engine, const GraphRunOptions &options) {
    const auto &device = engine.one_device(options.device, "the measurement of the peak takes");
    const auto precision = choose_precision(options.precision, device, nullptr).precision;
    runtime::Module &module = engine.module();
    module.set_threads(options.threads);
    return best_rate(module, device.id, precision,
                     [&] { engine.runs()->require_going_on(options.cancel.get()); });
}

double measured_peak(const std::shared_ptr<Engine> &engine, const GraphRunOptions &options) {
    check_not_forked();
    if (engine == nullptr) throw Error(ErrorCode::invalid_argument, "the engine is null", "engine");
    check_threads(options.threads);
    const RunPass pass(engine->runs(), &options, nullptr);
    double peak = 0;
    with_enough_stack([&] { peak = engine->make_peak(options); });
    return peak;
}

} // namespace mirra::host
