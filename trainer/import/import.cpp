// From files to a bundle.
#include "import.hpp"

#include "graph_file.hpp"
#include "normalisation.hpp"
#include "recipes.hpp"
#include "weight_source.hpp"

#include "mirra/error.hpp"

#include <nlohmann/json.hpp>

namespace mirra::trainer {
namespace {

using importer::Pixels;
using importer::Recipe;
using importer::StateDict;
using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string &what, const std::string &subject, const std::string &hint) {
    throw Error(ErrorCode::invalid_argument, what, subject, hint);
}

void check(const ImportOptions &options) {
    if (options.architecture.empty() == options.graphs.empty())
        refuse("either an architecture or graphs are needed", "--arch", "give --arch or --graph");
    if (!options.graphs.empty() && (options.input_transform || options.normalisation))
        refuse("a graph says itself what it does to pixels", "--graph", "give the graph a node 'normalise'");
    if (options.files.empty()) refuse("no checkpoint is given", "files", "name at least one file");
    for (const auto &file : options.files)
        if (std::error_code ignored; std::filesystem::equivalent(file, options.output, ignored))
            refuse("the bundle would replace a file that it is made from", file.string(),
                   "give another output");
}

/// The network's pixel transform, and for people where it is from.
struct ChosenPixels {
    Pixels pixels;
    std::string text;
};

ChosenPixels choose_pixels(const ImportOptions &options, const Recipe &recipe,
                           const std::vector<StateDict> &states) {
    const auto named = [](graph::InputTransform transform, const char *origin) {
        return ChosenPixels{{transform, {}}, std::string(graph::name_of(transform)) + origin};
    };
    if (options.normalisation) {
        if (!recipe.classifier)
            refuse("only classifiers take a mean and a deviation", "--mean", "use --input-transform");
        return {{graph::InputTransform::none, options.normalisation}, "the given mean and deviation"};
    }
    if (options.input_transform) return named(*options.input_transform, "");
    if (!recipe.classifier) return named(recipe.transform, " (the default)");
    if (const auto found = importer::find_normalisation(states))
        return named(importer::transform_of(*found), " (from the checkpoint)");
    return named(recipe.transform, " (the default: the checkpoint says nothing)");
}

void check_class_names(const ImportOptions &options, const std::vector<graph::Graph> &graphs) {
    if (options.class_names.empty()) return;
    for (const auto &graph : graphs) {
        if (graph.name != "classifier") continue;
        const auto classes = graph::logit_count(graph);
        if (static_cast<std::int64_t>(options.class_names.size()) == classes) return;
        refuse(std::to_string(options.class_names.size()) + " class names are given, but the network has " +
                   std::to_string(classes) + " classes",
               "--class-names", "name every class, in the order of the logits");
    }
    refuse("class names are given, but there is no graph 'classifier'", "--class-names",
           "leave them out, or import a classifier");
}

Json file_names(const std::vector<std::filesystem::path> &files) {
    auto out = Json::array();
    for (const auto &file : files) out.push_back(file.filename().string());
    return out;
}

std::string provenance(const ImportOptions &options, const Recipe &recipe,
                       const std::optional<ChosenPixels> &chosen) {
    Json json{{"source", "import"}};
    if (chosen) {
        const auto &[transform, constants] = chosen->pixels;
        if (constants)
            json["normalisation"] = {{"mean", constants->mean}, {"deviation", constants->deviation}};
        else
            json["input_transform"] = graph::name_of(transform);
    } else {
        json["graphs"] = file_names(options.graphs);
    }
    json["files"] = file_names(options.files);
    const auto extent = options.extent > 0 ? options.extent : recipe.extent;
    if (extent > 0) json["extent"] = extent;
    if (!options.class_names.empty()) json["classes"] = options.class_names;
    // File names need not be UTF-8.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string summary(const std::vector<graph::Graph> &graphs, const std::optional<ChosenPixels> &chosen) {
    std::string text;
    for (const auto &graph : graphs)
        if (graph.name == "classifier") text = std::to_string(graph::logit_count(graph)) + " classes";
    if (chosen) text += (text.empty() ? "input transform: " : ", input transform: ") + chosen->text;
    return text;
}

} // namespace

std::string import_checkpoint(const ImportOptions &options) {
    check(options);
    const bool own_graphs = !options.graphs.empty();
    const Recipe &recipe =
        own_graphs ? importer::own_graph_recipe() : importer::find_recipe(options.architecture);
    std::vector<StateDict> states;
    for (const auto &file : options.files) states.push_back(importer::read_state_dict(file));
    std::optional<ChosenPixels> chosen;
    if (!own_graphs) chosen = choose_pixels(options, recipe, states);
    importer::WeightSource source(recipe);
    for (auto &state : states) source.add(std::move(state));
    std::vector<graph::Graph> graphs =
        own_graphs ? importer::read_graphs(options.graphs) : recipe.graphs(source.shapes(), chosen->pixels);
    const bundle::Weights weights = source.collect(graphs, options.allow_unexpected);
    check_class_names(options, graphs);

    bundle::Manifest manifest;
    manifest.task = recipe.task;
    manifest.name = options.name.empty() ? std::string(recipe.title) : options.name;
    manifest.architecture = options.architecture;
    manifest.licence = options.licence;
    if (!recipe.layer.empty()) manifest.defaults = Json{{"layer", recipe.layer}}.dump();
    manifest.provenance = provenance(options, recipe, chosen);
    const auto text = summary(graphs, chosen);
    for (graph::Graph &graph : graphs) manifest.graphs.emplace(std::string(graph.name), std::move(graph));
    bundle::write_bundle(options.output, manifest, weights, options.storage);
    return text;
}

} // namespace mirra::trainer
