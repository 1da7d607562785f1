// How much a run of a graph computes.
#pragma once

#include "mirra/graph.hpp"

namespace mirra::graph {

/// Multiply-accumulate operations of one run on any inputs, batches included.
/// @param shapes  of all tensors, as infer_shapes() gives them
std::int64_t multiply_accumulates(const Graph &graph, const std::map<std::string, Shape> &shapes);

} // namespace mirra::graph
