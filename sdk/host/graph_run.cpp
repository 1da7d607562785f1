// Runs of graphs: for plugins, and of a graph of a bundle once as it is.
#include "graph_run.hpp"

#include "bundle_fault.hpp"
#include "compiled_graphs.hpp"
#include "engine_runs.hpp"
#include "host_table.hpp"
#include "local_engine.hpp"
#include "mirra/error.hpp"
#include "mirra/graph_work.hpp"
#include "run_plan.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

void check_shape(const runtime::TensorPtr &found, const graph::Shape &promised, const std::string &what,
                 const graph::Graph &graph) {
    if (found != nullptr && found->shape() == promised) return;
    throw Error(ErrorCode::mismatch,
                "the runtime gave " + what + " of the graph '" + graph.name + "' the shape " +
                    (found == nullptr ? "of nothing" : to_text(found->shape())) + " instead of " +
                    to_text(promised),
                graph.name, "The runtime module does not fit this library: install both from one version.");
}

using Shapes = std::map<std::string, graph::Shape>;

const HostTensor &input_of(const TensorSet &inputs, const graph::Input &input, const graph::Graph &graph) {
    const auto found = inputs.find(input.name);
    if (found == inputs.end()) {
        throw Error(ErrorCode::mismatch, "the graph's input '" + input.name + "' was not given", graph.name);
    }
    if (found->second->shape.size() != 4) {
        throw Error(ErrorCode::mismatch, "input '" + input.name + "' must have the shape {N, C, H, W}",
                    input.name);
    }
    return *found->second;
}

Shapes input_shapes(const TensorSet &inputs, const graph::Graph &graph) {
    Shapes shapes;
    for (const graph::Input &input : graph.inputs) shapes[input.name] = input_of(inputs, input, graph).shape;
    if (inputs.size() != graph.inputs.size()) {
        throw Error(ErrorCode::mismatch, "there are inputs that the graph does not have", graph.name);
    }
    return shapes;
}

/// What sizes a graph takes, in words, where a rule for all of its inputs says it.
std::string rule_of(const graph::Graph &graph, Shapes shapes) {
    const auto least = about_bundle(graph, [&] { return graph::minimum_extent(graph); });
    const auto aligned = graph::alignment(graph);
    for (auto &[name, shape] : shapes)
        for (const std::size_t axis : {2U, 3U})
            shape[axis] = std::max(least, (shape[axis] + aligned - 1) / aligned * aligned);
    try {
        static_cast<void>(graph::infer_shapes(graph, shapes));
    } catch (const Error &) {
        return "Give inputs of the sizes that the graph was made for.";
    }
    return "Give heights and widths of at least " + std::to_string(least) +
           (aligned > 1 ? ", multiples of " + std::to_string(aligned) : "") + ".";
}

/// Of all tensors. The sizes that were given are at fault, unless the graph takes none at all.
Shapes shapes_of_all(const graph::Graph &graph, const Shapes &shapes) {
    try {
        return graph::infer_shapes(graph, shapes);
    } catch (const Error &error) {
        const bool one_input =
            std::ranges::find(graph.inputs, error.subject(), &graph::Input::name) != graph.inputs.end();
        if (one_input || error.code() != ErrorCode::mismatch) throw; // that names what is wrong
        throw Error(ErrorCode::mismatch,
                    "the graph '" + graph.name + "' does not take inputs of these sizes: at '" +
                        error.subject() + "': " + error.what(),
                    "inputs", rule_of(graph, shapes));
    }
}

/// What the caller receives, beside the runtime's own tensors.
/// @param shapes  of all tensors
std::uint64_t output_bytes(const graph::Graph &graph, const Shapes &shapes) {
    std::uint64_t bytes = 0;
    for (const graph::Output &output : graph.outputs)
        bytes += elements(shapes.at(output.source)) * sizeof(float);
    return bytes;
}

struct ArenaBytes {
    std::uint64_t limit = 0, planned = 0; ///< 0: no limit
};

/// Networks kept from other calls give way. @throws Error budget
ArenaBytes checked_arena(CompiledGraphs &compiled, const graph::Graph &graph, const Shapes &shapes,
                         const MemoryShares &shares, runtime::Precision precision) {
    if (shares.available == 0) return {};
    const auto estimate = runtime::estimate_memory(graph, shapes, precision);
    const std::uint64_t needed = estimate.all();
    if (needed > shares.available) {
        const std::uint64_t limit = shares.fixed + needed;
        throw Error(ErrorCode::budget,
                    "the graph needs a memory limit of " + std::to_string(limit) + " bytes", "memory_limit",
                    raised_limit(limit) + ", or give smaller inputs.");
    }
    compiled.trim(shares.available - needed);
    return {shares.available - estimate.weights.all(), estimate.tensors};
}

std::shared_ptr<const HostTensor> fetch(runtime::Module &module, const runtime::TensorPtr &tensor) {
    auto out = std::make_shared<HostTensor>();
    out->shape = tensor->shape();
    out->values.resize(elements(out->shape));
    module.download(*tensor, out->values, runtime::Layout::nchw);
    return out;
}

/// However a run ends, what stays of its memory is bounded.
class TrimAtEnd {
  public:
    explicit TrimAtEnd(CompiledGraphs &compiled) : compiled_(compiled) {}
    TrimAtEnd(const TrimAtEnd &) = delete;
    TrimAtEnd &operator=(const TrimAtEnd &) = delete;
    ~TrimAtEnd() { compiled_.trim(); }

  private:
    CompiledGraphs &compiled_;
};

} // namespace

TensorSet run_graph_here(LocalEngine &engine, const std::shared_ptr<const bundle::Bundle> &bundle,
                         const std::string &name, const TensorSet &inputs, const GraphRunOptions &options) {
    const graph::Graph &graph = bundle->graph(name);
    const Shapes shapes = input_shapes(inputs, graph);
    const std::uint64_t given_back = output_bytes(graph, shapes_of_all(graph, shapes));
    const auto &device = engine.one_device(options.device, "a network that is run as it is takes");
    const auto precision = choose_precision(options.precision, device, &bundle->manifest()).precision;
    runtime::Module &module = engine.module();
    const MemoryShares shares = divide_memory(
        engine, options.memory_limit, {.device = device.id, .bundle = bundle.get(), .process = given_back});
    const ArenaBytes bytes = checked_arena(engine.compiled(), graph, shapes, shares, precision);
    module.set_threads(options.threads);
    const TrimAtEnd trim(engine.compiled());
    const RetainedGraph retained = engine.compiled().retained(bundle, name, {device.id, precision});
    const auto arena =
        bytes.limit == 0 ? retained.arena : engine.make_arena(device.id, bytes.limit, bytes.planned);
    const auto scope = module.enter(arena);
    std::vector<runtime::TensorPtr> ordered;
    for (const graph::Input &input : graph.inputs) {
        const HostTensor &tensor = *inputs.at(input.name);
        ordered.push_back(module.upload(tensor.values, tensor.shape, runtime::Layout::nchw, device.id));
    }
    const auto look = [&](std::size_t, std::size_t, double) {
        engine.runs()->require_going_on(options.cancel.get());
    };
    look(0, 0, 0);
    std::atomic<std::uint64_t> work = 0;
    const auto results = retained.executable->run(ordered, look, work);
    TensorSet outputs;
    for (std::size_t i = 0; i < results.size(); ++i)
        outputs[graph.outputs[i].name] = fetch(module, results[i]);
    return outputs;
}

std::shared_ptr<const Promises::Promise> Promises::known(std::span<const runtime::TensorPtr> inputs) {
    const std::scoped_lock lock(mutex_);
    for (const auto &each : known_)
        if (each != nullptr && std::ranges::equal(inputs, each->inputs, {}, &runtime::DeviceTensor::shape))
            return each;
    return nullptr;
}

std::shared_ptr<const Promises::Promise> Promises::operator()(std::span<const runtime::TensorPtr> inputs) {
    if (auto found = known(inputs)) return found;
    auto promise = std::make_shared<Promise>();
    Shapes given;
    for (std::size_t i = 0; i < graph_.inputs.size() && i < inputs.size(); ++i)
        given[graph_.inputs[i].name] = promise->inputs.emplace_back(inputs[i]->shape());
    const Shapes shapes = graph::infer_shapes(graph_, given);
    for (const auto &output : graph_.outputs) promise->outputs.push_back(shapes.at(output.source));
    promise->multiply_accumulates = static_cast<std::uint64_t>(graph::multiply_accumulates(graph_, shapes));
    const std::scoped_lock lock(mutex_);
    return known_[oldest_++ % known_.size()] = std::move(promise);
}

std::vector<runtime::TensorPtr> CheckedExecutable::run(std::span<const runtime::TensorPtr> inputs,
                                                       const runtime::StepFunction &step,
                                                       std::atomic<std::uint64_t> &work) {
    const auto promise = promises_(inputs);
    work += promise->multiply_accumulates;
    auto results = compiled_->run(inputs, step);
    results.resize(graph().outputs.size());
    for (std::size_t i = 0; i < results.size(); ++i)
        check_shape(results[i], promise->outputs[i], "the output '" + graph().outputs[i].name + "'", graph());
    return results;
}

runtime::TensorPtr CheckedDifferentiable::gradient(std::span<const runtime::TensorPtr> inputs,
                                                   std::size_t output, std::size_t input,
                                                   const runtime::Upstream &upstream,
                                                   const runtime::StepFunction &step,
                                                   std::atomic<std::uint64_t> &work) {
    auto gradient = compiled_->gradient(inputs, output, input, upstream, step);
    work += 2 * promises_(inputs)->multiply_accumulates;
    check_shape(gradient, inputs[input]->shape(),
                "the gradient by the input '" + graph().inputs[input].name + "'", graph());
    return gradient;
}

std::uint64_t graph_work(const bundle::Bundle &bundle, const std::string &name, const TensorSet &inputs) {
    const graph::Graph &graph = bundle.graph(name);
    const Shapes shapes = graph::infer_shapes(graph, input_shapes(inputs, graph));
    return static_cast<std::uint64_t>(graph::multiply_accumulates(graph, shapes));
}

TensorSet run_graph(const std::shared_ptr<Engine> &engine,
                    const std::shared_ptr<const bundle::Bundle> &bundle, const std::string &name,
                    const TensorSet &inputs, const GraphRunOptions &options) {
    check_not_forked();
    if (engine == nullptr) throw Error(ErrorCode::invalid_argument, "the engine is null", "engine");
    check_threads(options.threads);
    const RunPass pass(engine->runs(), &inputs, nullptr);
    const RunUnderWay under_way(&inputs);
    TensorSet outputs;
    with_enough_stack([&] { outputs = engine->make_outputs(bundle, name, inputs, options); });
    return outputs;
}

} // namespace mirra::host
