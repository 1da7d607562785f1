// A stylizer's checkpoints: one a level, each with tensors of the same names.
#pragma once

#include "recipes.hpp"
#include "state_dict.hpp"

#include <vector>

namespace mirra::trainer::importer {

/// Gives the generator of each file the name of its level, told by its first layer: "generator.gen.0.weight"
/// becomes "generator-conv5.gen.0.weight". The same with encoders, where levels have encoders of their own.
/// @throws Error mismatch: a generator of another kind, two of one level, a level without one
void name_levels(std::vector<StateDict> &files);

/// Graphs of a stylizer bundle for tensors of these names, see docs/reference/bundle-format.md.
std::vector<graph::Graph> stylizer_graphs(const Shapes &shapes, const Pixels &pixels);

/// The levels of the paper in the order in which it applies them.
inline constexpr std::string_view kStylizerLevels = "conv5,conv2,conv1";

} // namespace mirra::trainer::importer
