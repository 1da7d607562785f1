// From files to a bundle.
#include "import.hpp"

#include "recipes.hpp"
#include "weight_source.hpp"

#include "mirra/error.hpp"

#include <nlohmann/json.hpp>

namespace mirra::trainer {
namespace {

std::string provenance(const ImportOptions &options) {
    nlohmann::ordered_json json{{"source", "import"},
                                {"input_transform", graph::name_of(options.input_transform)}};
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
    for (const auto &file : options.files)
        if (std::error_code ignored; std::filesystem::equivalent(file, options.output, ignored))
            throw Error(ErrorCode::invalid_argument, "the bundle would replace a file that it is made from",
                        file.string(), "give another output");
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
