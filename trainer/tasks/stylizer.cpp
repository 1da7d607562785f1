// The command, the recipe and the bundle of a stylizer's training.
#include "tasks/stylizer.hpp"

#include "core/divergence.hpp"
#include "core/provenance.hpp"
#include "core/text.hpp"
#include "distributed/environment.hpp"
#include "log/log.hpp"
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "tasks/inverter.hpp"
#include "tasks/stylizer_task.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <string_view>

namespace mirra::trainer {
namespace {

constexpr std::string_view kAnyLevel = "level.LAYER.";
constexpr std::array kShortcuts{Shortcut{"--levels", "levels"}, Shortcut{"--steps", "level.LAYER.steps"},
                                Shortcut{"--batch", "level.LAYER.batch"},
                                Shortcut{"--seed", "training.seed"}};

} // namespace

int train_stylizer(const StylizerCommand &command) {
    require_one_process("stylizer");
    if (command.threads > 0) torch::set_num_threads(command.threads);
    check_output(command.output);
    return exit_status(StylizerTraining(command).run());
}

std::vector<std::string> words_of(const StylizerCommand &command) {
    auto own = options_of(command);
    for (const auto &bundle : command.init) own.emplace_back("--init", bundle.string());
    for (const auto &level : command.level_bundles) own.emplace_back("--level-bundle", level);
    return words_of(command, "stylizer", own, kShortcuts);
}

void add_stylizer_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("stylizer", "Train the generators of a style transfer, one a level");
    const auto command = std::make_shared<StylizerCommand>();
    add_generator_options(*sub, *command);
    sub->add_option("--init", command->init,
                    "Inverter or stylizer bundles of the same encoder; a level that they have a generator of "
                    "starts from it [random weights]");
    sub->add_option("--level-bundle", command->level_bundles,
                    "LAYER=BUNDLE: take this level from an inverter or stylizer bundle of the same encoder, "
                    "and do not train it");
    add_run_options(*sub, *command, kShortcuts, stylizer_keys());
    sub->callback([command, &status] { status = train_stylizer(*command); });
}

namespace {

struct LevelKey {
    std::string_view name, table;
    std::string_view key = {}; ///< in the table; empty: the same
};

/// What may differ from level to level, and where a recipe of an inverter has it.
constexpr std::array kLevelKeys{
    LevelKey{"layout", "network"},
    LevelKey{"width", "network"},
    LevelKey{"color_tail", "network"},
    LevelKey{"batch", "data"},
    LevelKey{"extent", "data"},
    LevelKey{"growth", "data"},
    LevelKey{"growth_epochs", "data"},
    LevelKey{"smallest_area", "data"},
    LevelKey{"loss", "loss", "kind"},
    LevelKey{"pixel", "loss"},
    LevelKey{"pixel_weight", "loss"},
    LevelKey{"feature", "loss"},
    LevelKey{"feature_layer", "loss"},
    LevelKey{"feature_weight", "loss"},
    LevelKey{"adversarial_weight", "loss"},
    LevelKey{"steps", "optimizer"},
    LevelKey{"rate", "optimizer"},
    LevelKey{"final_rate", "optimizer"},
    LevelKey{"warmup", "optimizer"},
    LevelKey{"schedule", "optimizer"},
    LevelKey{"step_every", "optimizer"},
    LevelKey{"step_factor", "optimizer"},
    LevelKey{"clip_norm", "optimizer"},
    LevelKey{"average_decay", "optimizer"},
};

/// The setting of a level that no inverter has.
constexpr std::string_view kDetail = "detail", kEdges = "edges";

RecipeKey &epsilon_key(RecipeKeys &keys, double &epsilon) {
    constexpr double kMost = 10;
    return keys.real(
        "epsilon", epsilon, {0, kMost},
        "Share of the features' mean variance that styles are applied with; 0: the published identity");
}

/// trainer/recipes/small/stylizer.toml says the same, but for the pace of conv1 and conv5.
InverterRecipe level_defaults() {
    InverterRecipe out;
    out.batch = 16;
    out.extent = 128;
    out.augmentation.smallest_area = 0.3;
    out.color_tail = ColorTail::automatic;
    out.feature_distance = FeatureDistance::relative;
    out.feature_weight = 0.1;
    auto &optimizer = out.optimizer;
    optimizer.adam.beta1 = 0.5;
    optimizer.adam.beta2 = 0.99;
    optimizer.clip_norm = 1;
    optimizer.schedule.steps = 1400;
    optimizer.schedule.rate = 2e-3;
    optimizer.schedule.warmup = 50;
    out.average_decay = 0.99;
    out.validation_every = 200;
    out.validation_pictures = 60;
    return out;
}

std::string taps_of(const graph::Graph &encoder) {
    std::vector<std::string> names;
    for (const auto &output : encoder.outputs) names.push_back(output.name);
    return joined(names);
}

bool has_tap(const graph::Graph &encoder, std::string_view layer) {
    return std::ranges::find(encoder.outputs, layer, &graph::Output::name) != encoder.outputs.end();
}

[[noreturn]] void no_tap(const graph::Graph &encoder, const std::string &layer, const std::string &subject) {
    throw Error(ErrorCode::not_found, "the encoder has no layer '" + layer.substr(0, 80) + "'", subject,
                "choose among: " + taps_of(encoder));
}

/// Layers name folders, and stand in lists such as "conv5:0.8,conv2".
void check_layer_name(const std::string &layer) {
    const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
    if (layer.empty() || !std::ranges::all_of(layer, plain))
        throw Error(ErrorCode::unsupported,
                    "the encoder's layer '" + layer.substr(0, 80) + "' cannot be a level", "levels",
                    "levels have names of letters, digits, _ and - alone; name others with --levels");
}

std::string levels_in(const Recipe &recipe) {
    std::string levels;
    RecipeKeys(recipe).text("levels", levels, "");
    return levels;
}

/// The table of this name, made where there is none.
toml::table &table_in(toml::table &parent, std::string_view name, const std::string &recipe) {
    if (!parent.contains(name)) parent.insert(name, toml::table());
    auto *table = parent[name].as_table();
    if (table == nullptr)
        throw Error(ErrorCode::invalid_argument, "recipe: '" + std::string(name) + "' must be a table",
                    recipe);
    return *table;
}

/// Puts a level's own settings into the shared ones.
void merge(const toml::table &level, toml::table &shared, const std::string &name) {
    std::vector<std::string> unknown;
    for (const auto &[key, value] : level) {
        const auto found = std::ranges::find(kLevelKeys, key.str(), &LevelKey::name);
        if (found == kLevelKeys.end()) {
            unknown.emplace_back(key.str());
            continue;
        }
        auto &table = table_in(shared, found->table, name);
        value.visit([&](const auto &node) {
            table.insert_or_assign(found->key.empty() ? found->name : found->key, node);
        });
    }
    if (unknown.empty()) return;
    std::vector<std::string> known{std::string(kDetail)};
    for (const auto &each : kLevelKeys) known.emplace_back(each.name);
    throw Error(ErrorCode::invalid_argument, "recipe: unknown keys of a level: " + joined(unknown), name,
                "those that there are: " + joined(known));
}

/// Takes it out of the level's own settings.
double take_share(toml::table &own, std::string_view key, const std::string &name) {
    if (!own.contains(key)) return 0;
    const auto share = own[key].value<double>();
    own.erase(key);
    if (!share || !(*share >= 0 && *share <= 1))
        throw Error(ErrorCode::invalid_argument,
                    "recipe: '" + std::string(key) + "' of a level must be a number from 0 to 1", name);
    return *share;
}

StylizerLevelRecipe level_recipe(toml::table shared, const toml::table *given, const std::string &layer,
                                 const std::string &recipe_name) {
    const std::string name = recipe_name + " [level." + layer + "]";
    toml::table own = given == nullptr ? toml::table() : *given;
    const double detail = take_share(own, kDetail, name), edges = take_share(own, kEdges, name);
    merge(own, shared, name);
    table_in(shared, "network", name).insert_or_assign("layer", layer);
    std::ostringstream text;
    text << shared << '\n';
    StylizerLevelRecipe out{.layer = layer,
                            .recipe = Recipe::parse(text.str(), name),
                            .settings = {},
                            .detail = detail,
                            .edges = edges};
    out.settings = read_recipe(out.recipe, level_defaults());
    return out;
}

} // namespace

std::vector<RecipeKey> stylizer_keys() {
    std::vector<RecipeKey> out{
        {"levels", RecipeKey::Kind::text, "", "all, the deepest first",
         "Taps of the encoder, in the order in which styles are applied: `conv5,conv2`"},
        {std::string(kAnyLevel) + std::string(kDetail),
         RecipeKey::Kind::real,
         "from 0 to 1",
         "0",
         "What of a picture's detail that the level loses is put back",
         {0, 1}},
        {std::string(kAnyLevel) + std::string(kEdges),
         RecipeKey::Kind::real,
         "from 0 to 1",
         "0",
         "How far the level's picture is held to the edges of the photograph",
         {0, 1}}};
    double epsilon = 0;
    RecipeKeys own;
    out.insert(out.begin() + 1, epsilon_key(own, epsilon));
    const auto shared = recipe_keys(level_defaults());
    for (const auto &level : kLevelKeys) {
        const auto name =
            std::string(level.table) + "." + std::string(level.key.empty() ? level.name : level.key);
        auto key = key_of(name, shared);
        key.name = std::string(kAnyLevel) + std::string(level.name);
        key.fallback = "that of all levels";
        key.doc = (level.name == "steps" ? std::string("Steps") : "`" + name + "`").append(" of the level");
        out.push_back(std::move(key));
    }
    std::ranges::copy_if(shared, std::back_inserter(out),
                         [](const auto &key) { return key.name != "network.layer"; });
    return out;
}

Recipe recipe_of(const StylizerCommand &command, const graph::Graph &encoder) {
    auto recipe = Recipe::load_or_defaults(command.recipe);
    const auto keys = stylizer_keys();
    Overrides shared, of_levels;
    for (const auto &[key, value] : command.overrides)
        (key.starts_with(kAnyLevel) ? of_levels : shared)[key] = value;
    apply(recipe, shared, keys);
    if (of_levels.empty()) return recipe;
    for (const auto &layer : stylizer_layers(levels_in(recipe), encoder)) {
        Overrides own;
        for (const auto &[key, value] : of_levels)
            own["level." + layer + "." + key.substr(kAnyLevel.size())] = value;
        apply(recipe, own, keys);
    }
    return recipe;
}

std::vector<std::string> stylizer_layers(const std::string &list, const graph::Graph &encoder) {
    std::vector<std::string> out;
    if (trimmed(list).empty()) {
        for (const auto &output : encoder.outputs) out.insert(out.begin(), output.name);
    } else {
        std::istringstream names(list + ","); // so that an empty last name is seen
        for (std::string name; std::getline(names, name, ',');) out.emplace_back(trimmed(name));
    }
    for (auto layer = out.begin(); layer != out.end(); ++layer) {
        if (layer->empty() || std::find(out.begin(), layer, *layer) != layer)
            throw Error(ErrorCode::invalid_argument,
                        layer->empty() ? "an empty name in the list of levels"
                                       : "the level '" + layer->substr(0, 80) + "' is listed twice",
                        "levels", "list each layer once, such as conv5,conv2,conv1");
        if (!has_tap(encoder, *layer)) no_tap(encoder, *layer, "levels");
        check_layer_name(*layer);
    }
    return out;
}

double stylizer_epsilon(const Recipe &recipe) {
    double epsilon = 0;
    RecipeKeys keys(recipe);
    epsilon_key(keys, epsilon);
    return epsilon;
}

std::vector<StylizerLevelRecipe> read_stylizer_recipe(const Recipe &recipe, const graph::Graph &encoder) {
    const auto layers = stylizer_layers(levels_in(recipe), encoder);
    auto shared = toml::parse(recipe.source());
    if (shared.at_path("network.layer"))
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'network.layer' is of one layer, a stylizer of many", recipe.name(),
                    "leave it out, or name layers with 'levels'");
    const toml::table levels = table_in(shared, "level", recipe.name());
    shared.erase("level");
    shared.erase("levels");
    shared.erase("epsilon");
    for (const auto &[key, value] : levels) { // of layers that are not trained as well
        const std::string layer(key.str());
        if (!has_tap(encoder, layer)) no_tap(encoder, layer, recipe.name() + " [level." + layer + "]");
        if (!value.is_table())
            throw Error(ErrorCode::invalid_argument, "recipe: 'level." + layer + "' must be a table",
                        recipe.name());
        level_recipe(shared, value.as_table(), layer, recipe.name());
    }
    std::vector<StylizerLevelRecipe> out;
    for (const auto &layer : layers)
        out.push_back(level_recipe(shared, levels[layer].as_table(), layer, recipe.name()));
    return out;
}

namespace {

using Json = nlohmann::ordered_json;

bool same_weights(const bundle::Bundle &a, const bundle::Bundle &b, const graph::Graph &graph) {
    return std::ranges::all_of(graph::weight_shapes(graph), [&](const auto &weight) {
        const auto stored = [&](const bundle::Bundle &bundle) {
            return bundle::from_float(bundle.weight(weight.first), bundle::DType::f16);
        };
        return stored(a) == stored(b);
    });
}

/// Pictures must come back at the size that they had.
void check_extent(const graph::Graph &whole, const std::string &path) {
    constexpr std::int64_t kCells = 8;
    const auto extent = kCells * graph::alignment(whole);
    const auto shapes = graph::infer_shapes(whole, {{whole.inputs.front().name, {1, 3, extent, extent}}});
    if (shapes.at(whole.outputs.front().source) != graph::Shape{1, 3, extent, extent})
        throw Error(ErrorCode::mismatch, "its pictures do not have the size of those that it was given", path,
                    "give a bundle that mirra-train inverter has made with this encoder");
}

/// As the task's parameter has it, with details and edges where there are any: "conv5:1:0.9:1,conv2".
std::string list_of(const std::vector<StylizerLevel> &levels) {
    std::ostringstream out;
    for (const auto &level : levels) {
        out << (&level == levels.data() ? "" : ",") << level.layer;
        if (level.detail > 0 || level.edges > 0) out << ":1:" << level.detail;
        if (level.edges > 0) out << ":" << level.edges;
    }
    return out.str();
}

std::string defaults_of(const StylizerBundle &bundle) {
    Json defaults{{"levels", list_of(bundle.levels)}};
    if (bundle.epsilon > 0) defaults["epsilon"] = bundle.epsilon;
    return defaults.dump();
}

/// What a level's own bundle says of its training, the encoder left out, which is the same for all.
bundle::LevelRecord level_record(const StylizerLevel &level) {
    auto own = bundle::parse_provenance(level.bundle->manifest());
    if (const auto found = std::ranges::find(own.levels, level.layer, &bundle::LevelRecord::layer);
        found != own.levels.end())
        own = bundle::Provenance(found->training); // of another stylizer
    own.encoder.reset();
    own.levels.clear();
    return {.layer = level.layer,
            .training = std::move(own),
            .sha256 = level.bundle->sha256(),
            .validation = level.quality};
}

bundle::Provenance provenance_of(const StylizerBundle &bundle) {
    auto out = provenance_of(bundle.facts);
    out.encoder = encoder_record(bundle.encoder, bundle.encoder_name);
    for (const auto &level : bundle.levels) out.levels.push_back(level_record(level));
    return out;
}

void add_level(const StylizerLevel &level, const graph::Graph &encoder, BundleContents &contents) {
    const auto &layer = level.layer;
    const std::string alone = "generator.", shared = generator_prefix(layer);
    const auto stored = stored_generator(*level.bundle, layer);
    const auto generator = with_weight_prefix(stored.graph, alone, shared);
    auto part = graph::part_of(encoder, layer, "features");
    part.name = "encoder-" + layer;
    auto &graphs = contents.manifest.graphs;
    graphs.emplace(part.name, part);
    graphs.emplace(generator_graph(layer), generator);
    graphs.emplace(autoencoder_graph(layer), graph::autoencoder(encoder, layer, generator));
    for (const auto &[name, weight] : stored.weights)
        contents.weights[shared + name.substr(alone.size())] = weight;
}

} // namespace

void check_level_bundle(const bundle::Bundle &encoder, const bundle::Bundle &bundle, const std::string &layer,
                        const std::filesystem::path &path) {
    const auto &graph = encoder.graph("encoder");
    const auto &graphs = bundle.manifest().graphs;
    if (!graphs.contains(generator_graph(layer)))
        throw Error(ErrorCode::not_found, "the bundle has no generator of " + layer, path.string(),
                    "give one that mirra-train inverter --layer " + layer + " has made");
    const auto own = graphs.find("encoder");
    if (own == graphs.end() || own->second != graph || !same_weights(encoder, bundle, graph))
        throw Error(ErrorCode::mismatch, "its generator of " + layer + " belongs to another encoder",
                    path.string(), "give one that was trained with the bundle of --encoder");
    check_extent(graph::autoencoder(graph, layer, bundle.graph(generator_graph(layer))), path.string());
}

bool is_written(const StylizerBundle &bundle) {
    if (!std::filesystem::exists(bundle.output)) return false;
    try {
        const auto old = bundle::Bundle::open(bundle.output);
        const auto provenance = bundle::parse_provenance(old->manifest());
        const auto from = [&](const StylizerLevel &level) {
            const auto found = std::ranges::find(provenance.levels, level.layer, &bundle::LevelRecord::layer);
            return found != provenance.levels.end() && found->sha256 == level.bundle->sha256();
        };
        return Json::parse(old->manifest().defaults) == Json::parse(defaults_of(bundle)) &&
               provenance.encoder && provenance.encoder->sha256 == bundle.encoder.sha256() &&
               std::ranges::all_of(bundle.levels, from);
    } catch (const Error &) { // what stands there is no bundle, and is replaced
        return false;
    }
}

void write_stylizer_bundle(const StylizerBundle &bundle) {
    const auto &encoder = bundle.encoder.graph("encoder");
    BundleContents contents;
    auto &manifest = contents.manifest;
    manifest.task = "stylize";
    manifest.name = bundle_name(bundle.output);
    manifest.architecture = bundle.encoder.manifest().architecture + "-stylizer";
    manifest.licence = bundle.licence;
    manifest.defaults = defaults_of(bundle);
    manifest.provenance = bundle::to_json(provenance_of(bundle));
    manifest.graphs.emplace("encoder", encoder);
    add_encoder_weights(bundle.encoder, contents.weights);
    for (const auto &level : bundle.levels) add_level(level, encoder, contents);
    write_trained(bundle.output, manifest, contents.weights, bundle::DType::f16, kOptimizerRate, &encoder);
    log_info("wrote " + bundle.output.string());
}

} // namespace mirra::trainer
