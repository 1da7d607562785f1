// Networks of what recipes say: who builds them knows no recipe, and names what it was given.
#pragma once

#include "mirra/error.hpp"
#include "mirra/graph.hpp"

#include <string>
#include <string_view>

namespace mirra::trainer {

/// The error, of the recipe. A name of one of its keys gets the table, the graph 'encoder' the option; for
/// nodes, which nobody wrote, the table stands.
Error of_recipe(const Error &error, const std::string &table);

/// Calls `body`, which builds a network of what a table of the recipe says. @throws Error as of_recipe()
template<class Body> auto built_from(const std::string &table, const Body &body) {
    try {
        return body();
    } catch (const Error &error) {
        throw of_recipe(error, table);
    }
}

/// graph::part_of() of an encoder, up to the layer that a key names.
/// @throws Error not_found, whose subject is the key
graph::Graph features_of(const graph::Graph &encoder, const std::string &layer, const std::string &key,
                         const std::string &rename = "features");

} // namespace mirra::trainer
