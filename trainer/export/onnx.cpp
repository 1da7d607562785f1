// Inputs, nodes in their order, outputs; then the command.
#include "export/onnx.hpp"

#include "core/data_files.hpp"
#include "core/text.hpp"
#include "export/onnx_ops.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <CLI/CLI.hpp>

#include <map>
#include <memory>

namespace mirra::trainer {
namespace {

using onnx::Dimension;

/// Batch, channels and, where there are, sides of their own.
std::vector<Dimension> dimensions(const std::string &name, const graph::Shape &shape) {
    std::vector<Dimension> out{std::string("batch"), shape[1]};
    if (shape.size() == 4) {
        out.emplace_back(name + "_height");
        out.emplace_back(name + "_width");
    }
    return out;
}

/// At the smallest size: what of it hangs on the size is not written.
std::map<std::string, graph::Shape> shapes_of(const graph::Graph &graph) {
    const auto extent = graph::minimum_extent(graph);
    std::map<std::string, graph::Shape> inputs;
    for (const auto &input : graph.inputs) inputs[input.name] = {1, input.channels, extent, extent};
    return graph::infer_shapes(graph, inputs);
}

const graph::Graph &chosen(const bundle::Bundle &bundle, const std::string &name) {
    const auto &graphs = bundle.manifest().graphs;
    if (!name.empty()) return bundle.graph(name);
    if (graphs.size() == 1) return graphs.begin()->second;
    std::vector<std::string> names;
    for (const auto &[key, graph] : graphs) names.push_back(key);
    throw Error(ErrorCode::invalid_argument, "the bundle has " + std::to_string(graphs.size()) + " graphs",
                bundle.manifest().name, "choose one with --graph: " + joined(names));
}

struct Command {
    std::filesystem::path bundle, output;
    std::string graph;
};

void run(const Command &command) {
    check_writable(command.output);
    const auto path = find_bundle(command.bundle);
    if (std::error_code none; std::filesystem::equivalent(path, command.output, none))
        throw Error(ErrorCode::invalid_argument, "the model would replace the bundle that it is made from",
                    command.output.string(), "give another file to --onnx");
    const auto bundle = bundle::Bundle::open(path);
    const auto &graph = chosen(*bundle, command.graph);
    write_file(command.output, onnx_model(*bundle, graph));
    log_info("wrote " + command.output.string() + ": the graph '" + graph.name + "', " +
             std::to_string(graph.nodes.size()) + " nodes");
}

} // namespace

std::string onnx_model(const bundle::Bundle &bundle, const graph::Graph &graph) {
    const auto shapes = shapes_of(graph);
    onnx::GraphWriter out;
    std::map<std::string, std::string> values;
    for (const auto &input : graph.inputs) {
        out.input(input.name, dimensions(input.name, shapes.at(input.name)));
        values[input.name] = input.name;
    }
    std::vector<std::string> outputs;
    for (const auto &output : graph.outputs) outputs.push_back(out.unused(output.name));
    for (const auto &node : graph.nodes) {
        std::vector<std::string> inputs;
        std::vector<graph::Shape> input_shapes;
        for (const auto &input : node.inputs) {
            inputs.push_back(values.at(input));
            input_shapes.push_back(shapes.at(input));
        }
        values[node.name] = onnx::write_node(
            {.out = out, .node = node, .inputs = inputs, .shapes = input_shapes, .weights = bundle});
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const auto &source = graph.outputs[i].source;
        out.named_node("Identity", {values.at(source)}, outputs[i]);
        out.output(outputs[i], dimensions(outputs[i], shapes.at(source)));
    }
    return out.model(graph.name,
                     "bundle '" + bundle.manifest().name + "', sha256 of its weights " + bundle.sha256());
}

void add_export_command(CLI::App &app) {
    auto *sub = app.add_subcommand("export", "Write a network of a bundle for other runtimes, as ONNX");
    const auto command = std::make_shared<Command>();
    sub->add_option("BUNDLE", command->bundle, "Bundle, or the name of one that comes along")->required();
    sub->add_option("--onnx", command->output, "File to write")->required();
    sub->add_option("--graph", command->graph, "Graph of the bundle [the only one]");
    sub->callback([command] { run(*command); });
}

} // namespace mirra::trainer
