// Finds the key that an error is about.
#include "core/recipe_network.hpp"

#include <algorithm>
#include <array>

namespace mirra::trainer {

Error of_recipe(const Error &error, const std::string &table) {
    constexpr std::array<std::string_view, 6> kKeys{"channels", "blocks", "width",
                                                    "layout",   "hidden", "classes"};
    constexpr std::string_view kOfFiles = "graph: ";
    const auto &subject = error.subject();
    if (std::ranges::find(kKeys, subject) != kKeys.end())
        return {error.code(), error.what(), table + "." + subject, error.hint()};
    if (subject == "encoder") return {error.code(), error.what(), "--encoder", error.hint()};
    if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::limit) return error;
    std::string_view what = error.what();
    if (what.starts_with(kOfFiles)) what.remove_prefix(kOfFiles.size());
    return {ErrorCode::invalid_argument,
            "the network of the recipe cannot be built: at '" + subject + "': " + std::string(what), table,
            "lower what the recipe says of its size: channels, blocks or width"};
}

graph::Graph features_of(const graph::Graph &encoder, const std::string &layer, const std::string &key,
                         const std::string &rename) {
    const auto found = std::ranges::find(encoder.outputs, layer, &graph::Output::name);
    if (found != encoder.outputs.end()) return graph::part_of(encoder, layer, rename);
    std::string names;
    for (const auto &output : encoder.outputs) names += (names.empty() ? "" : ", ") + output.name;
    throw Error(ErrorCode::not_found, "the encoder has no layer '" + layer.substr(0, 80) + "'", key,
                "one of: " + names);
}

} // namespace mirra::trainer
