// What can be imported: for each architecture its graphs and how its weights are called in the wild.
#pragma once

#include "mirra/architectures.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirra::trainer::importer {

struct Recipe {
    std::string_view id;
    std::string_view task;
    std::string_view title;
    std::vector<graph::Graph> (*graphs)(graph::InputTransform) = nullptr;
    /// The name of a tensor in Mirra's graphs, or nothing for one that is known and not needed.
    std::optional<std::string> (*rename)(std::string key) = nullptr;
};

/// @throws Error invalid_argument, the hint lists the architectures
const Recipe &find_recipe(std::string_view id);

/// Names of the architectures, for help texts.
std::vector<std::string> recipe_names();

} // namespace mirra::trainer::importer
