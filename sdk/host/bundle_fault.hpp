// What is wrong with a graph is the bundle's fault: who runs a task knows the bundle, and none of its nodes.
#pragma once

#include "mirra/error.hpp"
#include "mirra/graph.hpp"

#include <algorithm>
#include <string>

namespace mirra::host {

/// Whether the error is about the graph itself: one of its nodes, its inputs or its weights.
inline bool is_about(const Error &error, const graph::Graph &graph) {
    if (error.code() != ErrorCode::mismatch && error.code() != ErrorCode::corrupt &&
        error.code() != ErrorCode::unsupported)
        return false;
    const auto &subject = error.subject();
    const auto uses = [&](const auto &weight) { return weight.second == subject; };
    return std::ranges::any_of(graph.inputs, [&](const auto &input) { return input.name == subject; }) ||
           std::ranges::any_of(graph.nodes, [&](const auto &node) {
               return node.name == subject || std::ranges::any_of(node.weights, uses);
           });
}

/// The same error, of the bundle that holds the graph. @param bundle  its file, where it is known
inline Error of_bundle(const Error &error, const graph::Graph &graph, const std::string &bundle = {}) {
    return {error.code(),
            "the graph '" + graph.name + "' of the bundle cannot be run: at '" + error.subject() +
                "': " + error.what(),
            bundle.empty() ? "bundle" : bundle,
            "Give another bundle, or correct the graph and make the bundle anew."};
}

/// Calls `body`, whose errors about the graph become errors of the bundle.
template<class Body>
auto about_bundle(const graph::Graph &graph, const Body &body, const std::string &bundle = {}) {
    try {
        return body();
    } catch (const Error &error) {
        if (is_about(error, graph)) throw of_bundle(error, graph, bundle);
        throw;
    }
}

} // namespace mirra::host
