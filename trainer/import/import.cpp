// From files to a bundle.
#include "import.hpp"

#include "recipes.hpp"
#include "weight_source.hpp"

#include "mirra/error.hpp"

#include <nlohmann/json.hpp>

namespace mirra::trainer {
namespace {

const char *transform_name(graph::InputTransform transform) {
    switch (transform) {
    case graph::InputTransform::none:
        return "none";
    case graph::InputTransform::scale_pm1:
        return "scale_pm1";
    case graph::InputTransform::mean_std:
        return "mean_std";
    }
    throw Error(ErrorCode::invalid_argument, "unknown input transform", "input-transform");
}

std::string provenance(const ImportOptions &options) {
    nlohmann::ordered_json json{{"source", "import"},
                                {"input_transform", transform_name(options.input_transform)}};
    json["files"] = nlohmann::ordered_json::array();
    for (const auto &file : options.files) json["files"].push_back(file.filename().string());
    // File names need not be UTF-8.
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace

void import_checkpoint(const ImportOptions &options) {
    const importer::Recipe &recipe = importer::find_recipe(options.architecture);
    if (options.files.empty())
        throw Error(ErrorCode::invalid_argument, "no checkpoint is given", "files", "name at least one file");
    importer::WeightSource source(recipe);
    for (const auto &file : options.files) source.add(importer::read_state_dict(file));
    std::vector<graph::Graph> graphs = recipe.graphs(options.input_transform);
    const bundle::Weights weights = source.collect(graphs, options.allow_unexpected);

    bundle::Manifest manifest;
    manifest.task = recipe.task;
    manifest.name = options.name.empty() ? std::string(recipe.title) : options.name;
    manifest.architecture = recipe.id;
    manifest.licence = options.licence;
    manifest.provenance = provenance(options);
    for (graph::Graph &graph : graphs) manifest.graphs.emplace(std::string(graph.name), std::move(graph));
    bundle::write_bundle(options.output, manifest, weights, options.storage);
}

} // namespace mirra::trainer
