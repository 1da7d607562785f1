// Runs graphs on tensors.
#include "graph_run.hpp"

namespace mirra::cli {

GraphShape find_graph(const Bundle &bundle, const std::string &name) {
    const auto info = get<mirra_bundle_info>(Phase::setup, [&](mirra_bundle_info *out, mirra_error **e) {
        return mirra_bundle_get_info(bundle.get(), out, e);
    });
    std::string names;
    for (std::uint32_t i = 0; i < info.graph_count; ++i) {
        const auto graph = get<mirra_graph_info>(Phase::setup, [&](mirra_graph_info *out, mirra_error **e) {
            return mirra_bundle_graph(bundle.get(), i, out, e);
        });
        if (graph.name == name || (name.empty() && info.graph_count == 1))
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
    return make<Tensors>(Phase::setup,
                         [](mirra_tensors **out, mirra_error **e) { return mirra_tensors_create(out, e); });
}

void add_tensor(const Tensors &tensors, const std::string &name, const std::vector<std::int64_t> &shape,
                const std::vector<float> &values) {
    std::vector<std::int64_t> extents = shape;
    std::vector<float> data = values;
    DLTensor tensor{};
    tensor.data = data.data();
    tensor.device = {kDLCPU, 0};
    tensor.ndim = static_cast<std::int32_t>(extents.size());
    tensor.dtype = {kDLFloat, 32, 1};
    tensor.shape = extents.data();
    call(Phase::setup,
         [&](mirra_error **e) { return mirra_tensors_add(tensors.get(), name.c_str(), &tensor, e); });
}

Tensors run_graph(const Engine &engine, const Bundle &bundle, const std::string &graph,
                  const RunSettings &settings, const Tensors &inputs) {
    auto options = make_struct<mirra_graph_options>();
    options.precision = settings.precision_value();
    options.device = settings.device.c_str();
    options.memory_limit = settings.memory_bytes();
    options.threads = settings.threads;
    return make<Tensors>(Phase::input, [&](mirra_tensors **out, mirra_error **e) {
        return mirra_graph_run(engine.get(), bundle.get(), graph.c_str(), &options, inputs.get(), out, e);
    });
}

} // namespace mirra::cli
