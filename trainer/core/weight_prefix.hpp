// Weights of a graph under names of another part of a bundle.
#pragma once

#include "mirra/graph.hpp"

#include <string>

namespace mirra::trainer {

/// The graph with weights of other names: `to` instead of the prefix `from`.
inline graph::Graph with_weight_prefix(graph::Graph graph, const std::string &from, const std::string &to) {
    for (auto &node : graph.nodes)
        for (auto &[role, name] : node.weights)
            if (name.starts_with(from)) name.replace(0, from.size(), to);
    return graph;
}

} // namespace mirra::trainer
