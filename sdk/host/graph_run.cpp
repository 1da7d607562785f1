// A graph of a bundle, run once as it is.
#include "engine_core.hpp"
#include "mirra/error.hpp"
#include "mirra/tiling.hpp"
#include "precision.hpp"

namespace mirra::host {
namespace {

const Tensor &input_of(const std::map<std::string, Tensor> &inputs, const graph::Input &input,
                       const graph::Graph &graph) {
    const auto found = inputs.find(input.name);
    if (found == inputs.end()) {
        throw Error(ErrorCode::mismatch, "the graph's input '" + input.name + "' was not given", graph.name);
    }
    if (found->second.shape.size() != 4) {
        throw Error(ErrorCode::mismatch, "input '" + input.name + "' must have the shape {N, C, H, W}",
                    input.name);
    }
    return found->second;
}

void check_memory(const graph::Graph &graph, const std::map<std::string, graph::Shape> &shapes,
                  std::uint64_t limit, runtime::Precision precision, std::uint64_t base) {
    if (limit == 0) return;
    const std::uint64_t needed = base + runtime::estimate_memory(graph, shapes, precision);
    if (needed > limit) {
        throw Error(ErrorCode::budget,
                    "the graph needs " + std::to_string(needed) + " bytes, the memory limit is " +
                        std::to_string(limit),
                    graph.name, "Raise the limit, or give smaller inputs.");
    }
}

Tensor fetch(runtime::Module &module, const runtime::TensorPtr &tensor) {
    Tensor out;
    out.shape = tensor->shape();
    std::size_t count = 1;
    for (const std::int64_t extent : out.shape) count *= static_cast<std::size_t>(extent);
    out.values.resize(count);
    module.download(*tensor, out.values, runtime::Layout::nchw);
    return out;
}

} // namespace

std::map<std::string, Tensor> run_graph(const std::shared_ptr<Engine> &engine,
                                        const std::shared_ptr<const bundle::Bundle> &bundle,
                                        const std::string &name, const std::map<std::string, Tensor> &inputs,
                                        const GraphRunOptions &options) {
    const auto core = std::dynamic_pointer_cast<EngineCore>(engine);
    if (core == nullptr) throw Error(ErrorCode::invalid_argument, "the engine is null", "engine");
    const graph::Graph &graph = bundle->graph(name);
    std::map<std::string, graph::Shape> shapes;
    for (const graph::Input &input : graph.inputs) shapes[input.name] = input_of(inputs, input, graph).shape;
    if (inputs.size() != graph.inputs.size()) {
        throw Error(ErrorCode::mismatch, "there are inputs that the graph does not have", graph.name);
    }
    graph::infer_shapes(graph, shapes);
    const runtime::DeviceInfo &device = core->usable_device(options.device);
    const auto precision = choose_precision(options.precision, device, &bundle->manifest()).precision;
    runtime::Module &module = core->module();
    check_memory(graph, shapes, options.memory_limit, precision, core->runtime_status().base_bytes);
    module.set_threads(options.threads);
    const auto executable = core->compiled(bundle, name, {device.id, precision});
    const auto arena = module.make_arena(options.memory_limit);
    const auto scope = module.enter(arena);
    std::vector<runtime::TensorPtr> ordered;
    for (const graph::Input &input : graph.inputs) {
        const Tensor &tensor = inputs.at(input.name);
        ordered.push_back(module.upload(tensor.values, tensor.shape, runtime::Layout::nchw, device.id));
    }
    const auto results = executable->run(ordered);
    std::map<std::string, Tensor> outputs;
    for (std::size_t i = 0; i < results.size(); ++i)
        outputs[graph.outputs[i].name] = fetch(module, results[i]);
    return outputs;
}

} // namespace mirra::host
