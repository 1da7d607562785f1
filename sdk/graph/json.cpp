// Graphs to JSON, and back from files that nobody vouches for.
#include "mirra/error.hpp"
#include "mirra/graph_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mirra::graph {
namespace {

using json::Kind;
using json::Value;
using Json = nlohmann::ordered_json;

constexpr std::size_t kShown = 40; ///< characters of a name in a message

Json attribute_json(const Attribute &attribute) {
    return std::visit([](const auto &value) { return Json(value); }, attribute);
}

Json node_json(const Node &node) {
    Json out{{"name", node.name}, {"op", op_info(node.op).name}, {"inputs", node.inputs}};
    for (const auto &[name, value] : node.attributes) out["attributes"][name] = attribute_json(value);
    for (const auto &[role, tensor] : node.weights) out["weights"][role] = tensor;
    return out;
}

[[noreturn]] void corrupt(const std::string &what, std::string_view subject) {
    throw Error(ErrorCode::corrupt, "graph: " + what, std::string(subject.substr(0, kShown)),
                "the file is damaged, or its writer has a bug");
}

Value member(Value object, const char *key, Kind kind) {
    if (!object.is(Kind::object))
        corrupt("something other than an object has to have a '" + std::string(key) + "'", key);
    const auto found = object.find(key);
    if (!found) corrupt("member '" + std::string(key) + "' is missing", key);
    if (!found->is(kind)) corrupt("member '" + std::string(key) + "' has the wrong type", key);
    return *found;
}

std::string text(Value object, const char *key) {
    return std::string(member(object, key, Kind::text).text());
}

/// A member that may be missing.
std::optional<Value> optional_object(Value object, const char *key) {
    if (!object.find(key)) return std::nullopt;
    return member(object, key, Kind::object);
}

std::vector<double> parse_reals(std::string_view name, Value value) {
    if (value.size() > Limits::kChannels)
        throw Error(ErrorCode::limit, "graph: attribute '" + std::string(name) + "' has too many values",
                    std::string(name));
    std::vector<double> out;
    out.reserve(value.size());
    value.each_element([&](Value item) {
        if (!item.is_number()) corrupt("attribute '" + std::string(name) + "' has the wrong type", name);
        out.push_back(item.real());
    });
    return out;
}

const char *wanted(AttributeKind kind) {
    switch (kind) {
    case AttributeKind::integer:
        return "a whole number";
    case AttributeKind::real:
        return "a number";
    case AttributeKind::reals:
        return "a list of numbers";
    }
    return "";
}

Attribute parse_attribute(const OpInfo &op, std::string_view name, Value value) {
    const auto info = std::ranges::find(op.attributes, name, &AttributeInfo::name);
    if (info == op.attributes.end())
        corrupt("op " + std::string(op.name) + " has no attribute '" + std::string(name.substr(0, kShown)) +
                    "'",
                name);
    switch (info->kind) {
    case AttributeKind::integer:
        if (!value.is_integer()) break;
        if (const auto integer = value.integer()) return *integer;
        corrupt("attribute '" + std::string(name) + "' is out of range", name);
    case AttributeKind::real:
        if (!value.is_number()) break;
        return value.real();
    case AttributeKind::reals:
        if (!value.is(Kind::array)) break;
        return parse_reals(name, value);
    }
    corrupt("attribute '" + std::string(name) + "' has the wrong type: it is " + wanted(info->kind), name);
}

std::vector<std::string> parse_inputs(Value node, const OpInfo &op) {
    const Value inputs = member(node, "inputs", Kind::array);
    if (inputs.size() > op.inputs.value.most)
        corrupt("op " + std::string(op.name) + " has " + std::to_string(inputs.size()) + " inputs",
                text(node, "name"));
    std::vector<std::string> out;
    out.reserve(inputs.size());
    inputs.each_element([&](Value input) {
        if (!input.is(Kind::text)) corrupt("an input is not text", "inputs");
        out.emplace_back(input.text());
    });
    return out;
}

Node parse_node(Value json) {
    Node node;
    node.name = text(json, "name");
    const OpInfo &op = op_info(member(json, "op", Kind::text).text());
    node.op = op.op;
    node.inputs = parse_inputs(json, op);
    if (const auto attributes = optional_object(json, "attributes"))
        attributes->each_member([&](std::string_view name, Value value) {
            node.attributes.emplace(name, parse_attribute(op, name, value));
        });
    if (const auto weights = optional_object(json, "weights"))
        weights->each_member([&](std::string_view role, Value tensor) {
            if (std::ranges::find(op.weights, role, &WeightInfo::role) == op.weights.end())
                corrupt("op " + std::string(op.name) + " has no weight '" +
                            std::string(role.substr(0, kShown)) + "'",
                        node.name);
            if (!tensor.is(Kind::text)) corrupt("a weight's name is not text", node.name);
            node.weights.emplace(role, tensor.text());
        });
    return node;
}

/// Of a node that may be anything: its name, or its place among the nodes.
std::string label(Value node, std::size_t place) {
    const auto name = node.is(Kind::object) ? node.find("name") : std::nullopt;
    if (name && name->is(Kind::text)) return std::string(name->text().substr(0, kShown));
    return "node " + std::to_string(place + 1);
}

/// Its errors say which node it is.
Node parse_node_at(Value json, std::size_t place) {
    try {
        return parse_node(json);
    } catch (const Error &error) {
        throw Error(error.code(), error.what(), label(json, place), error.hint());
    }
}

/// An array of at most so many elements.
Value list(Value json, const char *key, std::size_t most) {
    const Value array = member(json, key, Kind::array);
    if (array.size() > most)
        throw Error(ErrorCode::limit,
                    "graph has too many " + std::string(key) + ": " + std::to_string(array.size()) +
                        ", more than " + std::to_string(most),
                    key);
    return array;
}

Graph parse_graph(Value json) {
    Graph graph;
    graph.name = text(json, "name");
    list(json, "inputs", Limits::kPorts).each_element([&](Value input) {
        const auto channels = member(input, "channels", Kind::count).integer();
        graph.inputs.push_back({text(input, "name"), channels.value_or(INT64_MAX)});
    });
    const Value nodes = list(json, "nodes", Limits::kNodes);
    graph.nodes.reserve(nodes.size());
    nodes.each_element([&](Value node) { graph.nodes.push_back(parse_node_at(node, graph.nodes.size())); });
    list(json, "outputs", Limits::kPorts).each_element([&](Value output) {
        graph.outputs.push_back({text(output, "name"), text(output, "source")});
    });
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

Graph parse_json(const json::Value &value) {
    Graph graph = parse_graph(value);
    validate(graph);
    return graph;
}

Graph parse_json(std::string_view text) {
    if (text.size() > Limits::kJsonBytes)
        throw Error(ErrorCode::limit, "graph description is too long", "graph");
    return parse_json(json::Document(text, {}, "the graph", "graph").root());
}

} // namespace mirra::graph
