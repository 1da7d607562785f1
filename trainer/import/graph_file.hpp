// Graphs of one's own, from JSON files.
#pragma once

#include "mirra/graph.hpp"

#include <filesystem>
#include <vector>

namespace mirra::trainer::importer {

/// One graph a file, in the form that bundles carry.
/// @throws Error not_found | io | corrupt | limit | unsupported | invalid_argument (two graphs of one name)
std::vector<graph::Graph> read_graphs(const std::vector<std::filesystem::path> &files);

} // namespace mirra::trainer::importer
