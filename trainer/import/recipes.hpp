// What can be imported: for each architecture its graphs and how its weights are called in the wild.
#pragma once

#include "mirra/architectures.hpp"
#include "state_dict.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirra::trainer::importer {

/// Shapes of a checkpoint's tensors under the names that Recipe::rename gives them.
using Shapes = std::map<std::string, graph::Shape>;

/// What a network does to pixels first.
struct Pixels {
    graph::InputTransform transform = graph::InputTransform::none;
    std::optional<graph::Normalisation> constants; ///< instead of the transform
};

struct Recipe {
    std::string_view id;
    std::string_view task;
    std::string_view title;
    /// Empty for graphs from files.
    std::vector<graph::Graph> (*graphs)(const Shapes &, const Pixels &) = nullptr;
    /// Puts names apart that several files have alike, before they are renamed; null: together they hold one
    /// network.
    void (*name_parts)(std::vector<StateDict> &files) = nullptr;
    /// The name of a tensor in Mirra's graphs, or nothing for one that is known and not needed.
    std::optional<std::string> (*rename)(std::string key) = nullptr;
    std::string_view spare; ///< tensors with this prefix may be more than the graphs need
    graph::InputTransform transform = graph::InputTransform::none; ///< if nothing says otherwise
    /// Or its features: tensors keep their published names, without the `encoder.` and `head.` of the graphs'
    /// weights, and a normalisation in the file is the network's.
    bool classifier = false;
    std::string_view layer = {};  ///< of the encoder that is inverted; empty: none
    std::string_view levels = {}; ///< of a stylizer, in the order of their application; empty: none
    std::int64_t extent = 0;      ///< usual height and width of the pictures; 0: unknown
};

/// @throws Error invalid_argument, the hint lists the architectures
const Recipe &find_recipe(std::string_view id);

/// For graphs that come from files: every tensor keeps its name.
const Recipe &own_graph_recipe();

/// Names of the architectures, for help texts.
std::vector<std::string> recipe_names();

} // namespace mirra::trainer::importer
