// The host's functions for plugins that look at graphs and run them, forward and for gradients.
#include "bundle_fault.hpp"
#include "c_error.hpp"
#include "c_struct.hpp"
#include "graph_run.hpp"
#include "host_table.hpp"

#include <algorithm>
#include <iterator>

namespace mirra::host {
namespace {

const graph::Graph *find_graph(mirra_context *context, const char *name) {
    if (context == nullptr || name == nullptr || context->session->bundle == nullptr) return nullptr;
    const auto &graphs = context->session->bundle->manifest().graphs;
    const auto found = graphs.find(name);
    return found == graphs.end() ? nullptr : &found->second;
}

const char *graph_name(mirra_context *context, std::uint32_t index) {
    if (context == nullptr || context->session->bundle == nullptr) return nullptr;
    const auto &graphs = context->session->bundle->manifest().graphs;
    return index < graphs.size() ? std::next(graphs.begin(), index)->first.c_str() : nullptr;
}

std::int64_t graph_alignment(mirra_context *context, const char *name) {
    const graph::Graph *graph = find_graph(context, name);
    return graph == nullptr ? 0 : graph::alignment(*graph);
}

template<class Ports> std::string names_of(const Ports &ports) {
    std::string names;
    for (const auto &port : ports) names += (names.empty() ? "" : ", ") + port.name;
    return names;
}

const graph::Output &find_output(const graph::Graph &graph, const std::string &name) {
    const auto found = std::ranges::find(graph.outputs, name, &graph::Output::name);
    if (found != graph.outputs.end()) return *found;
    throw Error(ErrorCode::not_found, "the graph '" + graph.name + "' has no output '" + name + "'", name,
                "It has: " + names_of(graph.outputs) + ".");
}

/// Found at the first question, and kept with what the session has of the graph.
const graph::PictureGrid &grid_of(mirra_context &context, const graph::Graph &graph) {
    const std::scoped_lock lock(context.mutex);
    auto &grids = context.session->grids;
    const auto found = grids.find(graph.name);
    return found != grids.end() ? found->second
                                : grids.try_emplace(graph.name, graph::PictureGrid(graph)).first->second;
}

mirra_status graph_output_shape(mirra_context *context, const char *name, const char *output,
                                std::int64_t height, std::int64_t width, std::int64_t *shape,
                                mirra_error **error) {
    return guard(error, [&] {
        check_arguments({context, name, output, shape});
        if (context->session->bundle == nullptr)
            throw Error(ErrorCode::not_found, "the session has no bundle", "bundle",
                        "Give the session a bundle.");
        const graph::Graph &graph = context->session->bundle->graph(name);
        const std::string &source = find_output(graph, output).source;
        graph::Shape found = about_bundle(graph, [&] {
            const graph::Extents extents = grid_of(*context, graph).place({height, width});
            std::map<std::string, graph::Shape> inputs;
            for (const graph::Input &input : graph.inputs)
                inputs[input.name] = {1, input.channels, extents.height, extents.width};
            return graph::infer_shapes(graph, inputs).at(source);
        });
        found.resize(4, 1);
        std::ranges::copy(found, shape);
    });
}

/// The inputs in the order of the graph. @throws Error mismatch
std::vector<runtime::TensorPtr> order_inputs(const graph::Graph &graph,
                                             const std::vector<mirra_named_tensor> &given) {
    std::vector<runtime::TensorPtr> ordered;
    for (const graph::Input &input : graph.inputs) {
        const auto named = [&](const mirra_named_tensor &t) {
            return t.name != nullptr && input.name == t.name;
        };
        const auto found = std::find_if(given.begin(), given.end(), named);
        if (found == given.end() || found->tensor == nullptr) {
            throw Error(ErrorCode::mismatch,
                        "the graph '" + graph.name + "' of the bundle needs an input '" + input.name +
                            "', which the task does not give",
                        "bundle", "Give a bundle that was made for this task.");
        }
        ordered.push_back(tensor_of(found->tensor));
    }
    if (given.size() != graph.inputs.size()) {
        throw Error(ErrorCode::mismatch, "the graph was given an input that it does not have", graph.name);
    }
    return ordered;
}

std::size_t output_index(const graph::Graph &graph, const char *name) {
    for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
        if (name != nullptr && graph.outputs[i].name == name) return i;
    }
    throw Error(ErrorCode::mismatch,
                "the graph has no output '" + std::string(name == nullptr ? "" : name) + "'", graph.name);
}

/// A handle, released at the end of its scope.
struct ReleaseTensor {
    void operator()(mirra_tensor *tensor) const noexcept { release_handle(tensor); }
};

/// The session compiles at the first use, and several threads of a plugin's may ask.
std::shared_ptr<CheckedExecutable> executable_of(mirra_context &context, const char *graph) {
    const std::lock_guard lock(context.mutex);
    return context.session->executable(graph, context.run);
}

runtime::StepFunction steps_of(const mirra_context &context, const graph::Graph &graph) {
    return context.steps ? context.steps(graph) : runtime::StepFunction();
}

mirra_status graph_run(mirra_context *context, const char *graph, const mirra_named_tensor *inputs,
                       std::uint32_t input_count, mirra_named_tensor *outputs, std::uint32_t output_count,
                       mirra_error **error) {
    return guard(error, [&] {
        RunState &run = run_of(context);
        run.look();
        check_arguments({graph, inputs, outputs});
        const auto wanted = read_array(outputs, output_count, "outputs");
        const auto executable = executable_of(*context, graph);
        std::vector<std::size_t> indices;
        for (const auto &output : wanted) indices.push_back(output_index(executable->graph(), output.name));
        const auto ordered = order_inputs(executable->graph(), read_array(inputs, input_count, "inputs"));
        const auto results =
            executable->run(ordered, steps_of(*context, executable->graph()), run.multiply_accumulates);
        std::vector<std::unique_ptr<mirra_tensor, ReleaseTensor>> handles;
        for (const std::size_t i : indices) handles.emplace_back(new_handle(results.at(i)));
        auto *bytes = reinterpret_cast<unsigned char *>(outputs);
        for (std::size_t i = 0; i < handles.size(); ++i) {
            reinterpret_cast<mirra_named_tensor *>(bytes + i * outputs->struct_size)->tensor =
                handles[i].release();
        }
    });
}

/// The plugin's part of a gradient.
runtime::TensorPtr ask_upstream(mirra_context *context, const mirra_gradient_request &request,
                                const runtime::TensorPtr &output) {
    const LentTensor lent(output);
    mirra_tensor *made = nullptr;
    const std::string what = context->session->task_text() + ": upstream";
    std::unique_ptr<mirra_tensor, ReleaseTensor> owner;
    call_plugin(what, [&](mirra_error **error) {
        const mirra_status status =
            request.upstream(request.user, context->handle, lent.handle(), &made, error);
        owner.reset(made);
        return status;
    });
    lent.check_kept(what);
    return take_tensor(owner.release());
}

mirra_status graph_gradient(mirra_context *context, const mirra_gradient_request *given,
                            mirra_tensor **gradient, mirra_error **error) {
    return guard(error, [&] {
        RunState &run = run_of(context);
        run.look();
        const auto request = read_struct(given, "request");
        check_arguments({request.graph, request.inputs, request.output, request.input, gradient});
        if (request.upstream == nullptr)
            throw Error(ErrorCode::invalid_argument, "a plugin gave NULL to a function of the host");
        const auto differentiable = [&] {
            const std::lock_guard lock(context->mutex);
            return context->session->differentiable(request.graph, context->run);
        }();
        const graph::Graph &graph = differentiable->graph();
        const auto inputs = order_inputs(graph, read_array(request.inputs, request.input_count, "inputs"));
        const auto input = std::ranges::find(graph.inputs, request.input, &graph::Input::name);
        if (input == graph.inputs.end())
            throw Error(ErrorCode::not_found,
                        "the graph '" + graph.name + "' has no input '" + request.input + "'", request.input,
                        "It has: " + names_of(graph.inputs) + ".");
        *gradient = new_handle(differentiable->gradient(
            inputs, output_index(graph, request.output),
            static_cast<std::size_t>(input - graph.inputs.begin()),
            [&](const runtime::TensorPtr &output) { return ask_upstream(context, request, output); },
            steps_of(*context, graph), run.multiply_accumulates));
    });
}

} // namespace

void add_graph_functions(mirra_host_api &table) noexcept {
    table.graph_run = checked<graph_run>;
    table.graph_name = checked<graph_name>;
    table.graph_alignment = checked<graph_alignment>;
    table.graph_output_shape = checked<graph_output_shape>;
    table.graph_gradient = checked<graph_gradient>;
}

} // namespace mirra::host
