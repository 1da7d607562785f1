// A graph of a bundle, run once as it is.
#include "budget.hpp"
#include "checked_run.hpp"
#include "mirra/error.hpp"
#include "process_life.hpp"

namespace mirra::host {
namespace {

using Shapes = std::map<std::string, graph::Shape>;

const Tensor &input_of(const TensorSet &inputs, const graph::Input &input, const graph::Graph &graph) {
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

/// What the caller receives, beside the runtime's own tensors.
std::uint64_t output_bytes(const graph::Graph &graph, const Shapes &shapes) {
    const Shapes inferred = graph::infer_shapes(graph, shapes);
    std::uint64_t bytes = 0;
    for (const graph::Output &output : graph.outputs)
        bytes += elements(inferred.at(output.source)) * sizeof(float);
    return bytes;
}

struct ArenaBytes {
    std::uint64_t limit = 0, planned = 0; ///< 0: no limit
};

/// Networks kept from other calls give way. @throws Error budget
ArenaBytes checked_arena(EngineCore &core, const graph::Graph &graph, const Shapes &shapes,
                         const Budget &budget, runtime::Precision precision) {
    if (budget.available == 0) return {};
    const std::uint64_t needed = runtime::estimate_memory(graph, shapes, precision);
    if (needed > budget.available) {
        const std::uint64_t limit = budget.fixed + needed;
        throw Error(ErrorCode::budget,
                    "the graph needs a memory limit of " + std::to_string(limit) + " bytes", graph.name,
                    raised_limit(limit) + ", or give smaller inputs.");
    }
    core.trim_kept(budget.available - needed);
    const std::uint64_t weights = runtime::compiled_bytes(graph, precision, false).all();
    return {budget.available - weights, needed - weights};
}

std::shared_ptr<const Tensor> fetch(runtime::Module &module, const runtime::TensorPtr &tensor) {
    auto out = std::make_shared<Tensor>();
    out->shape = tensor->shape();
    out->values.resize(elements(out->shape));
    module.download(*tensor, out->values, runtime::Layout::nchw);
    return out;
}

/// However a run ends, what stays of its memory is bounded.
class TrimAtEnd {
  public:
    explicit TrimAtEnd(EngineCore &core) : core_(core) {}
    TrimAtEnd(const TrimAtEnd &) = delete;
    TrimAtEnd &operator=(const TrimAtEnd &) = delete;
    ~TrimAtEnd() { core_.trim_kept(); }

  private:
    EngineCore &core_;
};

TensorSet run(const std::shared_ptr<Engine> &engine, const std::shared_ptr<const bundle::Bundle> &bundle,
              const std::string &name, const TensorSet &inputs, const GraphRunOptions &options) {
    const auto core = std::dynamic_pointer_cast<EngineCore>(engine);
    if (core == nullptr) throw Error(ErrorCode::invalid_argument, "the engine is null", "engine");
    check_threads(options.threads);
    const graph::Graph &graph = bundle->graph(name);
    const Shapes shapes = input_shapes(inputs, graph);
    const std::uint64_t given_back = output_bytes(graph, shapes);
    const runtime::DeviceInfo &device = core->usable_device(options.device);
    const auto precision = choose_precision(options.precision, device, &bundle->manifest()).precision;
    runtime::Module &module = core->module();
    const Budget budget = divide_memory(*core, bundle.get(), options.memory_limit, given_back);
    const ArenaBytes bytes = checked_arena(*core, graph, shapes, budget, precision);
    module.set_threads(options.threads);
    const TrimAtEnd trim(*core);
    const EngineCore::Kept kept = core->kept(bundle, name, {device.id, precision});
    const auto arena = bytes.limit == 0 ? kept.arena : module.make_arena(bytes.limit, bytes.planned);
    const auto scope = module.enter(arena);
    std::vector<runtime::TensorPtr> ordered;
    for (const graph::Input &input : graph.inputs) {
        const Tensor &tensor = *inputs.at(input.name);
        ordered.push_back(module.upload(tensor.values, tensor.shape, runtime::Layout::nchw, device.id));
    }
    const auto results = checked_run(*kept.executable, ordered);
    TensorSet outputs;
    for (std::size_t i = 0; i < results.size(); ++i)
        outputs[graph.outputs[i].name] = fetch(module, results[i]);
    return outputs;
}

} // namespace

TensorSet run_graph(const std::shared_ptr<Engine> &engine,
                    const std::shared_ptr<const bundle::Bundle> &bundle, const std::string &name,
                    const TensorSet &inputs, const GraphRunOptions &options) {
    check_not_forked();
    const RunUnderWay under_way(&inputs);
    TensorSet outputs;
    with_enough_stack([&] { outputs = run(engine, bundle, name, inputs, options); });
    return outputs;
}

} // namespace mirra::host
