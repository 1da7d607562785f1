// Looks recipes up.
#include "recipes.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <array>

namespace mirra::trainer::importer {
namespace {

std::optional<std::string> keep_name(std::string key) {
    if (key.ends_with("num_batches_tracked")) return std::nullopt;
    return key;
}

constexpr Recipe kOwnGraph{
    .id = "the graph", .task = "", .title = "Imported network", .rename = keep_name, .spare = ""};

std::array<std::span<const Recipe>, 3> tables() {
    return {autoencoder_recipes(), classifier_recipes(), lpips_recipes()};
}

} // namespace

const Recipe &own_graph_recipe() {
    return kOwnGraph;
}

std::vector<std::string> recipe_names() {
    std::vector<std::string> names;
    for (const auto table : tables())
        for (const Recipe &recipe : table) names.emplace_back(recipe.id);
    return names;
}

const Recipe &find_recipe(std::string_view id) {
    for (const auto table : tables())
        if (const auto found = std::ranges::find(table, id, &Recipe::id); found != table.end()) return *found;
    std::string names;
    for (const std::string &name : recipe_names()) names += (names.empty() ? "" : ", ") + name;
    throw Error(ErrorCode::invalid_argument, "unknown architecture '" + std::string(id.substr(0, 80)) + "'",
                "arch", "one of: " + names);
}

} // namespace mirra::trainer::importer
