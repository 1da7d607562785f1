// Cutting a graph at one output, and joining two.
#include "mirra/error.hpp"
#include "mirra/graph.hpp"

#include <algorithm>
#include <ranges>
#include <set>

namespace mirra::graph {
namespace {

const Output &find_output(const Graph &graph, std::string_view name) {
    const auto found = std::ranges::find(graph.outputs, name, &Output::name);
    if (found != graph.outputs.end()) return *found;
    std::string names;
    for (const auto &output : graph.outputs) names += (names.empty() ? "" : ", ") + output.name;
    throw Error(ErrorCode::not_found,
                "the graph '" + graph.name + "' has no output '" + std::string(name.substr(0, 80)) + "'",
                std::string(name.substr(0, 80)), "one of: " + names);
}

} // namespace

Graph part_of(const Graph &graph, std::string_view output, std::string rename) {
    const auto &source = find_output(graph, output).source;
    std::set<std::string, std::less<>> needed{source};
    for (const auto &node : graph.nodes | std::views::reverse)
        if (needed.contains(node.name)) needed.insert(node.inputs.begin(), node.inputs.end());
    Graph part{.name = graph.name, .inputs = {}, .nodes = {}, .outputs = {{std::move(rename), source}}};
    std::ranges::copy_if(graph.inputs, std::back_inserter(part.inputs),
                         [&](const Input &input) { return needed.contains(input.name); });
    std::ranges::copy_if(graph.nodes, std::back_inserter(part.nodes),
                         [&](const Node &node) { return needed.contains(node.name); });
    validate(part);
    return part;
}

Graph chain(const Graph &first, const Graph &second, std::string name) {
    if (first.outputs.size() != 1 || second.inputs.size() != 1)
        throw Error(ErrorCode::mismatch, "only a graph of one output can feed one of one input", name);
    Graph joined{
        .name = std::move(name), .inputs = first.inputs, .nodes = first.nodes, .outputs = second.outputs};
    const auto &link = second.inputs.front().name, &feed = first.outputs.front().source;
    for (auto node : second.nodes) {
        std::ranges::replace(node.inputs, link, feed);
        joined.nodes.push_back(std::move(node));
    }
    for (auto &output : joined.outputs)
        if (output.source == link) output.source = feed;
    validate(joined);
    return joined;
}

} // namespace mirra::graph
