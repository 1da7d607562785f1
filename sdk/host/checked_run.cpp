// Runs of graphs whose results have the shapes that were promised.
#include "checked_run.hpp"

#include "host_table.hpp"
#include "mirra/error.hpp"

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

std::map<std::string, graph::Shape> shapes_of(const graph::Graph &graph,
                                              std::span<const runtime::TensorPtr> inputs) {
    std::map<std::string, graph::Shape> given;
    for (std::size_t i = 0; i < graph.inputs.size() && i < inputs.size(); ++i)
        given[graph.inputs[i].name] = inputs[i]->shape();
    return graph::infer_shapes(graph, given);
}

} // namespace

std::vector<runtime::TensorPtr> checked_run(runtime::Executable &executable,
                                            std::span<const runtime::TensorPtr> inputs) {
    const graph::Graph &graph = executable.graph();
    const auto promised = shapes_of(graph, inputs);
    auto results = executable.run(inputs);
    results.resize(graph.outputs.size());
    for (std::size_t i = 0; i < results.size(); ++i)
        check_shape(results[i], promised.at(graph.outputs[i].source),
                    "the output '" + graph.outputs[i].name + "'", graph);
    return results;
}

runtime::TensorPtr checked_gradient(runtime::Differentiable &differentiable,
                                    std::span<const runtime::TensorPtr> inputs, std::size_t output,
                                    std::size_t input, const runtime::Upstream &upstream) {
    auto gradient = differentiable.gradient(inputs, output, input, upstream);
    const graph::Graph &graph = differentiable.graph();
    check_shape(gradient, inputs[input]->shape(),
                "the gradient by the input '" + graph.inputs[input].name + "'", graph);
    return gradient;
}

} // namespace mirra::host
