// The JSON form of a graph.
#include "mirra/error.hpp"
#include "mirra/graph.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mirra::graph {
namespace {

using Json = nlohmann::ordered_json;

Json attribute_json(const Attribute &attribute) {
    return std::visit([](const auto &value) { return Json(value); }, attribute);
}

Json node_json(const Node &node) {
    Json out{{"name", node.name}, {"op", op_info(node.op).name}, {"inputs", node.inputs}};
    for (const auto &[name, value] : node.attributes) out["attributes"][name] = attribute_json(value);
    for (const auto &[role, tensor] : node.weights) out["weights"][role] = tensor;
    return out;
}

const Json &member(const Json &object, const char *key) {
    const auto found = object.find(key);
    if (found == object.end())
        throw Error(ErrorCode::corrupt, std::string("graph: member '") + key + "' is missing", key);
    return *found;
}

Attribute parse_attribute(const OpInfo &op, const std::string &name, const Json &value) {
    const auto info = std::ranges::find(op.attributes, name, &AttributeInfo::name);
    if (info == op.attributes.end())
        throw Error(ErrorCode::corrupt,
                    "graph: op " + std::string(op.name) + " has no attribute '" + name.substr(0, 40) + "'",
                    name.substr(0, 40));
    switch (info->kind) {
    case AttributeKind::integer:
        if (!value.is_number_integer()) break;
        return value.get<std::int64_t>();
    case AttributeKind::real:
        if (!value.is_number()) break;
        return value.get<double>();
    case AttributeKind::reals:
        if (!value.is_array()) break;
        return value.get<std::vector<double>>();
    }
    throw Error(ErrorCode::corrupt, "graph: attribute '" + name + "' has the wrong type", name);
}

Node parse_node(const Json &json) {
    Node node;
    node.name = member(json, "name").get<std::string>();
    const OpInfo &op = op_info(member(json, "op").get_ref<const std::string &>());
    node.op = op.op;
    node.inputs = member(json, "inputs").get<std::vector<std::string>>();
    if (json.contains("attributes"))
        for (const auto &[name, value] : json["attributes"].items())
            node.attributes[name] = parse_attribute(op, name, value);
    if (json.contains("weights"))
        for (const auto &[role, tensor] : json["weights"].items())
            node.weights[role] = tensor.get<std::string>();
    return node;
}

Graph parse_graph(const Json &json) {
    Graph graph;
    graph.name = member(json, "name").get<std::string>();
    for (const auto &input : member(json, "inputs"))
        graph.inputs.push_back(
            {member(input, "name").get<std::string>(), member(input, "channels").get<std::int64_t>()});
    const Json &nodes = member(json, "nodes");
    if (nodes.size() > Limits::kNodes) throw Error(ErrorCode::limit, "graph has too many nodes", graph.name);
    for (const auto &node : nodes) graph.nodes.push_back(parse_node(node));
    for (const auto &output : member(json, "outputs"))
        graph.outputs.push_back(
            {member(output, "name").get<std::string>(), member(output, "source").get<std::string>()});
    return graph;
}

} // namespace

std::string to_json(const Graph &graph) {
    Json out{{"name", graph.name},
             {"inputs", Json::array()},
             {"nodes", Json::array()},
             {"outputs", Json::array()}};
    for (const auto &input : graph.inputs)
        out["inputs"].push_back({{"name", input.name}, {"channels", input.channels}});
    for (const auto &node : graph.nodes) out["nodes"].push_back(node_json(node));
    for (const auto &output : graph.outputs)
        out["outputs"].push_back({{"name", output.name}, {"source", output.source}});
    return out.dump();
}

Graph parse_json(std::string_view text) {
    if (text.size() > Limits::kJsonBytes)
        throw Error(ErrorCode::limit, "graph description is too long", "graph");
    try {
        Graph graph = parse_graph(Json::parse(text));
        validate(graph);
        return graph;
    } catch (const Json::exception &error) {
        throw Error(ErrorCode::corrupt, std::string("graph: ") + error.what(), "graph",
                    "the file is damaged, or its writer has a bug");
    }
}

} // namespace mirra::graph
