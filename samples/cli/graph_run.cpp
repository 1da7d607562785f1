// Runs graphs on tensors.
#include "graph_run.hpp"

namespace mirra::cli {

GraphShape find_graph(const Bundle &bundle, const std::string &name) {
    const auto graphs = in_phase(Phase::setup, [&] { return bundle.graphs(); });
    std::string names;
    for (const mirra_graph_info &graph : graphs) {
        if (graph.name == name || (name.empty() && graphs.size() == 1))
            return {.name = graph.name,
                    .inputs = {graph.inputs, graph.inputs + graph.input_count},
                    .channels = {graph.input_channels, graph.input_channels + graph.input_count},
                    .alignment = graph.alignment};
        names += (names.empty() ? "" : ", ") + std::string(graph.name);
    }
    const std::string message =
        name.empty() ? "the bundle has several graphs" : "the bundle has no graph '" + name + "'";
    throw Failure(ExitCode::usage, message, name, "it has: " + names);
}

Tensors make_tensors() {
    return in_phase(Phase::setup, Tensors::create);
}

void add_tensor(Tensors &tensors, const std::string &name, const std::vector<std::int64_t> &shape,
                const std::vector<float> &values) {
    in_phase(Phase::setup, [&] { tensors.add(name, values, shape); });
}

Tensors run_graph(const Engine &engine, const Bundle &bundle, const std::string &graph,
                  const RunSettings &settings, const Tensors &inputs) {
    api::GraphOptions options;
    options.precision = settings.precision_value();
    options.device = settings.device;
    options.memory_limit = settings.memory_bytes();
    options.threads = settings.threads;
    return in_phase(Phase::input, [&] { return engine.run_graph(bundle, graph, inputs, options); });
}

} // namespace mirra::cli
