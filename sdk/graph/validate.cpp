// Checks that a graph, possibly from a hostile file, is well formed and within the limits.
#include "mirra/error.hpp"
#include "mirra/graph.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace mirra::graph {
namespace {

[[noreturn]] void corrupt(const std::string &what, const std::string &subject) {
    throw Error(ErrorCode::corrupt, "graph: " + what, subject,
                "the file is damaged, or its writer has a bug");
}

void check_name(const std::string &name) {
    const auto printable = [](char c) { return c > ' ' && c != 0x7f; };
    if (name.empty() || name.size() > Limits::kNameLength || !std::ranges::all_of(name, printable))
        corrupt("a name must have 1 to " + std::to_string(Limits::kNameLength) +
                    " printable characters of ASCII, without spaces",
                name.substr(0, 40));
}

std::string plain(double value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

void check_value(const Node &node, const AttributeInfo &info, double value) {
    if (std::isnan(value) || value < info.minimum || value > info.maximum)
        corrupt("attribute '" + std::string(info.name) + "' is out of range: it is " + plain(value) +
                    ", where " + plain(info.minimum) + " to " + plain(info.maximum) + " is allowed",
                node.name);
}

void check_attribute(const Node &node, const AttributeInfo &info) {
    const auto found = node.attributes.find(std::string(info.name));
    if (found == node.attributes.end()) {
        if (!info.fallback) corrupt("attribute '" + std::string(info.name) + "' is missing", node.name);
        return;
    }
    if (found->second.index() != static_cast<std::size_t>(info.kind))
        corrupt("attribute '" + std::string(info.name) + "' has the wrong type", node.name);
    if (const auto *integer = std::get_if<std::int64_t>(&found->second))
        check_value(node, info, static_cast<double>(*integer));
    if (const auto *real = std::get_if<double>(&found->second)) check_value(node, info, *real);
    if (const auto *reals = std::get_if<std::vector<double>>(&found->second)) {
        if (reals->empty() || reals->size() > Limits::kChannels)
            corrupt("attribute '" + std::string(info.name) + "' is empty or too long", node.name);
        for (const double value : *reals) check_value(node, info, value);
    }
}

void check_attributes(const Node &node, const OpInfo &op) {
    for (const auto &info : op.attributes) check_attribute(node, info);
    for (const auto &[name, value] : node.attributes)
        if (std::ranges::find(op.attributes, name, &AttributeInfo::name) == op.attributes.end())
            corrupt("op " + std::string(op.name) + " has no attribute '" + name.substr(0, 40) + "'",
                    node.name);
}

void check_weights(const Node &node, const OpInfo &op) {
    for (const auto &info : op.weights)
        if (info.required && !node.weights.contains(std::string(info.role)))
            corrupt("weight '" + std::string(info.role) + "' is missing", node.name);
    for (const auto &[role, tensor] : node.weights) {
        if (std::ranges::find(op.weights, role, &WeightInfo::role) == op.weights.end())
            corrupt("op " + std::string(op.name) + " has no weight '" + role.substr(0, 40) + "'", node.name);
        check_name(tensor);
    }
}

void check_node(const Node &node, const std::unordered_set<std::string> &known) {
    check_name(node.name);
    if (known.contains(node.name)) corrupt("two tensors have one name", node.name);
    const OpInfo &op = op_info(node.op);
    if (node.inputs.size() < op.inputs.value.least || node.inputs.size() > op.inputs.value.most)
        corrupt("op " + std::string(op.name) + " has " + std::to_string(node.inputs.size()) +
                    " inputs, where it takes " + std::to_string(op.inputs.value.least) +
                    (op.inputs.value.most > op.inputs.value.least
                         ? " to " + std::to_string(op.inputs.value.most)
                         : ""),
                node.name);
    for (const auto &input : node.inputs)
        if (!known.contains(input))
            corrupt("unknown input '" + input.substr(0, 40) +
                        "': it is neither an input of the graph nor a node before this one",
                    node.name);
    check_attributes(node, op);
    check_weights(node, op);
    if (const char *conflict = op.conflict ? op.conflict(node) : nullptr) corrupt(conflict, node.name);
}

/// What is known of a tensor before any size is: its channels; of a vector that was flattened nothing.
struct Known {
    bool vector = false;
    std::int64_t channels = 0; ///< or the values of a vector; 0: not known
};

/// Larger than all that an op cuts away, and a multiple of what it divides by: at this size nothing but
/// channels can be wrong.
std::int64_t ample_extent(const Node &node) {
    constexpr std::int64_t kAmple = 1 << 17;
    return node.attributes.contains("factor") ? kAmple * node.integer("factor") : kAmple;
}

/// What a vector that is not known is taken to have: what the op says of it, or what the other input has.
std::int64_t length_of_unknown(const Node &node, const std::unordered_map<std::string, Known> &tensors) {
    if (node.attributes.contains("in_channels")) return node.integer("in_channels");
    for (const auto &name : node.inputs)
        if (const Known &known = tensors.at(name); known.vector && known.channels > 0) return known.channels;
    return 1;
}

/// The sides that an op was asked at are nobody's.
std::string without_extent(std::string text, std::int64_t extent) {
    const std::string side = ", " + std::to_string(extent), sides = side + side;
    for (auto place = text.find(sides); place != std::string::npos; place = text.find(sides))
        text.replace(place, sides.size(), ", H, W");
    return text;
}

struct Asked {
    std::vector<Shape> inputs;
    bool unknown = false,
         pictures = false; ///< whether one of the inputs is a vector of any length, or a picture
};

Asked asked_of(const Node &node, const std::unordered_map<std::string, Known> &tensors, std::int64_t extent) {
    Asked out;
    for (const auto &name : node.inputs) {
        const Known &known = tensors.at(name);
        out.unknown = out.unknown || (known.vector && known.channels == 0);
        out.pictures = out.pictures || !known.vector;
        if (!known.vector)
            out.inputs.push_back({1, known.channels, extent, extent});
        else
            out.inputs.push_back({1, known.channels > 0 ? known.channels : length_of_unknown(node, tensors)});
    }
    return out;
}

/// @throws Error corrupt | limit
Known result_of(const Node &node, const std::unordered_map<std::string, Known> &tensors) {
    const auto extent = ample_extent(node);
    const auto asked = asked_of(node, tensors, extent);
    try {
        const Shape shape = op_info(node.op).shape(node, asked.inputs);
        const bool told = node.attributes.contains("out_channels");
        if (shape.size() == 2)
            return {.vector = true, .channels = asked.pictures || (asked.unknown && !told) ? 0 : shape[1]};
        if (shape[1] > Limits::kChannels)
            throw Error(ErrorCode::limit,
                        "graph: there are " + std::to_string(shape[1]) + " channels, where " +
                            std::to_string(Limits::kChannels) + " are allowed",
                        node.name);
        return {.channels = shape[1]};
    } catch (const Error &error) {
        if (error.code() != ErrorCode::mismatch) throw;
        corrupt("operations do not fit together: " + without_extent(error.what(), extent), node.name);
    }
}

/// That the channels of each result are those which the next op takes: weights have the sizes that their own
/// op states, and runtimes join neighbours.
void check_channels(const Graph &graph) {
    std::unordered_map<std::string, Known> tensors;
    for (const auto &input : graph.inputs) tensors[input.name] = {.channels = input.channels};
    for (const auto &node : graph.nodes) tensors[node.name] = result_of(node, tensors);
}

} // namespace

void validate(const Graph &graph) {
    check_name(graph.name);
    if (graph.nodes.size() > Limits::kNodes || graph.inputs.size() > Limits::kPorts ||
        graph.outputs.size() > Limits::kPorts)
        throw Error(ErrorCode::limit, "graph has too many nodes, inputs or outputs", graph.name);
    if (graph.inputs.empty() || graph.outputs.empty()) corrupt("no inputs or no outputs", graph.name);
    std::size_t edges = 0;
    for (const auto &node : graph.nodes) edges += node.inputs.size();
    if (edges > Limits::kEdges)
        throw Error(ErrorCode::limit,
                    "the nodes of the graph have " + std::to_string(edges) + " inputs in all, more than " +
                        std::to_string(Limits::kEdges),
                    graph.name);
    std::unordered_set<std::string> known;
    for (const auto &input : graph.inputs) {
        check_name(input.name);
        if (input.channels < 1 || input.channels > Limits::kChannels)
            corrupt("an input has " + std::to_string(input.channels) + " channels, where 1 to " +
                        std::to_string(Limits::kChannels) + " are allowed",
                    input.name);
        if (!known.insert(input.name).second) corrupt("two inputs have one name", input.name);
    }
    for (const auto &node : graph.nodes) {
        check_node(node, known);
        known.insert(node.name);
    }
    std::set<std::string> names;
    for (const auto &output : graph.outputs) {
        check_name(output.name);
        if (!names.insert(output.name).second) corrupt("two outputs have one name", output.name);
        if (!known.contains(output.source)) corrupt("output of an unknown node", output.name);
    }
    check_channels(graph);
}

} // namespace mirra::graph
