// A network's graph as a table for people.
#pragma once

#include "console.hpp"

namespace mirra::cli {

/// What goes in and comes out, which sizes fit, and a row for each node: name, op, where it reads from,
/// channels and settings.
/// @param graph    as `mirra info --json` has it
/// @param details  the same graph in the bundle's manifest
std::string graph_table(const Json &graph, const Json &details);

} // namespace mirra::cli
