// mirra-train import: from files to a bundle.
#include "import.hpp"

#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "mirra/geometry.hpp"
#include "mirra/printable.hpp"
#include "recipes.hpp"
#include "weight_source.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

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
    check_spares(options.output, options.files);
    check_spares(options.output, options.graphs);
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

/// Of several inputs each may have a size of its own, and a `linear` may want a size beyond those that are
/// tried: such graphs are left to who runs them.
void check_takes_pictures(const graph::Graph &graph) {
    if (graph.inputs.size() > 1) return;
    try {
        graph::minimum_extents(graph);
    } catch (const Error &error) {
        const auto node = std::ranges::find(graph.nodes, error.subject(), &graph::Node::name);
        if (node == graph.nodes.end() || node->op != graph::Op::linear) throw;
    }
}

} // namespace

void check_spares(const std::filesystem::path &output, std::span<const std::filesystem::path> inputs) {
    for (const auto &file : inputs)
        if (std::error_code ignored; std::filesystem::equivalent(file, output, ignored))
            refuse("the output would replace a file that it is made from", file.string(),
                   "give another output");
}

graph::Graph read_graph(const std::filesystem::path &file) {
    const auto bytes = read_file(file, graph::Limits::kJsonBytes);
    try {
        auto graph = graph::parse_json({reinterpret_cast<const char *>(bytes.data()), bytes.size()});
        check_takes_pictures(graph);
        return graph;
    } catch (const Error &error) {
        throw Error(error.code(), file.string() + ": " + error.what(), error.subject(),
                    error.code() == ErrorCode::unsupported
                        ? "docs/reference/ops.md lists the operations of this version"
                        : "docs/reference/bundle-format.md has the form of a graph and an example");
    }
}

namespace {

/// One graph a file, in the form that bundles carry.
std::vector<graph::Graph> read_graphs(const std::vector<std::filesystem::path> &files) {
    std::vector<graph::Graph> graphs;
    for (const auto &file : files) {
        auto graph = read_graph(file);
        if (std::ranges::find(graphs, graph.name, &graph::Graph::name) != graphs.end())
            throw Error(ErrorCode::invalid_argument, "two graphs have the name '" + graph.name + "'",
                        file.string(), "give each graph a name of its own");
        graphs.push_back(std::move(graph));
    }
    return graphs;
}

struct CommandLine {
    ImportOptions options;
    std::string input_transform;
    std::vector<double> mean, deviation;
};

void add_network_options(CLI::App &command, CommandLine &line) {
    auto *network = command.add_option_group("Network");
    network->require_option(1);
    network->add_option("--arch", line.options.architecture, "Architecture of the network")
        ->check(CLI::IsMember(importer::recipe_names()));
    add_graph_option(*network, line.options);
}

void add_pixel_options(CLI::App &command, CommandLine &line) {
    std::vector<std::string> names;
    for (const auto transform : graph::input_transforms()) names.emplace_back(graph::name_of(transform));
    auto *transform =
        command
            .add_option("--input-transform", line.input_transform,
                        "What the network does to pixels first: none, scale_pm1, mean_std or mean_std_cifar "
                        "[of classifiers: as the checkpoint says, else none; of torchvision's: likewise, "
                        "else mean_std; of others: scale_pm1]")
            ->check(CLI::IsMember(names));
    constexpr int kChannels = 3;
    constexpr double kMost = 1e6; // as the graph's op takes them
    auto *mean = command
                     .add_option("--mean", line.mean,
                                 "Of a classifier that normalises pixels by other constants: R,G,B")
                     ->check(CLI::Range(-kMost, kMost).description(""))
                     ->expected(kChannels)
                     ->delimiter(',')
                     ->excludes(transform);
    auto *deviation = command.add_option("--std", line.deviation, "The deviation beside it: R,G,B")
                          ->check(CLI::Range(1 / kMost, kMost).description(""))
                          ->expected(kChannels)
                          ->delimiter(',')
                          ->excludes(transform)
                          ->needs(mean);
    mean->needs(deviation);
}

void add_picture_options(CLI::App &command, ImportOptions &options) {
    command
        .add_option("--class-names", options.class_names,
                    "Of a classifier, in the order of its logits: CAT,DOG,...")
        ->delimiter(',')
        ->allow_extra_args(false);
    command.add_option("--extent", options.extent, "Height and width of the pictures [what is usual]")
        ->check(CLI::Range(8, 4096));
}

ImportOptions finished(CommandLine line) {
    if (!line.input_transform.empty())
        line.options.input_transform = graph::parse_input_transform(line.input_transform);
    if (!line.mean.empty()) {
        auto &constants = line.options.normalisation.emplace();
        std::ranges::copy(line.mean, constants.mean.begin());
        std::ranges::copy(line.deviation, constants.deviation.begin());
    }
    return line.options;
}

} // namespace

void add_graph_option(CLI::App &command, ImportOptions &options) {
    command
        .add_option(
            "--graph", options.graphs,
            "JSON file of a graph of one's own whose weights have the names of the tensors; repeatable")
        ->allow_extra_args(false);
}

void add_bundle_options(CLI::App &command, ImportOptions &options) {
    command.add_option("-o,--output", options.output, "Bundle to write")->required();
    const std::map<std::string, bundle::DType> storages{
        {"f32", bundle::DType::f32}, {"f16", bundle::DType::f16}, {"bf16", bundle::DType::bf16}};
    std::string standard;
    for (const auto &[name, type] : storages)
        if (type == options.storage) standard = name;
    command
        .add_option_function<std::string>(
            "--storage",
            [&options, storages](const std::string &name) { options.storage = storages.at(name); },
            "Stored precision [" + standard + "]")
        ->check(CLI::IsMember(storages));
    command.add_option("--name", options.name, "Name of the bundle, for people");
    command.add_option("--licence", options.licence, "Licence of the weights");
    command.add_flag("--allow-unexpected", options.allow_unexpected,
                     "Ignore tensors that the network does not have");
}

Imported read_network(const ImportOptions &options) {
    check(options);
    const bool own_graphs = !options.graphs.empty();
    const Recipe &recipe =
        own_graphs ? importer::own_graph_recipe() : importer::find_recipe(options.architecture);
    std::vector<StateDict> states;
    for (const auto &file : options.files) states.push_back(importer::read_state_dict(file));
    std::optional<ChosenPixels> chosen;
    if (!own_graphs) chosen = choose_pixels(options, recipe, states);
    if (recipe.name_parts != nullptr) recipe.name_parts(states);
    importer::WeightSource source(recipe);
    for (auto &state : states) source.add(std::move(state));
    std::vector<graph::Graph> graphs =
        own_graphs ? read_graphs(options.graphs) : recipe.graphs(source.shapes(), chosen->pixels);
    bundle::Weights weights = source.collect(graphs, options.allow_unexpected);
    check_class_names(options, graphs);

    Imported out{.manifest = {}, .weights = std::move(weights), .found = summary(graphs, chosen)};
    auto &manifest = out.manifest;
    manifest.task = own_graphs ? options.task : std::string(recipe.task);
    manifest.name = options.name.empty() ? std::string(recipe.title) : options.name;
    manifest.architecture = options.architecture;
    manifest.licence = options.licence;
    if (!recipe.levels.empty()) manifest.defaults = Json{{"levels", recipe.levels}}.dump();
    if (!recipe.layer.empty()) manifest.defaults = Json{{"layer", recipe.layer}}.dump();
    manifest.provenance = provenance(options, recipe, chosen);
    for (graph::Graph &graph : graphs) manifest.graphs.emplace(std::string(graph.name), std::move(graph));
    return out;
}

std::string import_checkpoint(const ImportOptions &options) {
    const auto network = read_network(options);
    bundle::write_bundle(options.output, network.manifest, network.weights, options.storage);
    return network.found;
}

void add_import_command(CLI::App &app) {
    auto line = std::make_shared<CommandLine>();
    CLI::App *command = app.add_subcommand("import", "Make a bundle from PyTorch or safetensors weights");
    add_network_options(*command, *line);
    command
        ->add_option("FILE", line->options.files,
                     "Checkpoints (.pth, .pt, .safetensors) that hold the network")
        ->required();
    add_pixel_options(*command, *line);
    add_bundle_options(*command, line->options);
    add_picture_options(*command, line->options);
    command->callback([line] {
        const ImportOptions options = finished(*line);
        const std::string found = import_checkpoint(options);
        std::cout << printable("wrote " + options.output.string() + (found.empty() ? "" : " (" + found + ")"))
                  << '\n';
    });
}

} // namespace mirra::trainer
